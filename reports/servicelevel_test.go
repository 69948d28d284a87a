package reports_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"hotline/reports"
)

// vector is the published example: 1000 answered, 860 of them within T; 60 abandoned, 20
// within T and 10 of those within 5 s.
func vector() reports.Figures {
	return reports.Figures{
		Offered: 1060, Answered: 1000, AnsweredInT: 860, Abandoned: 50, AbandonedInT: 10, Short: 10,
	}
}

// level is a service level in percent as it is printed.
func level(t *testing.T, f reports.Figures, by reports.Formula) string {
	t.Helper()
	r, err := f.ServiceLevel(by)
	if err != nil {
		t.Fatal(err)
	}
	v, ok := r.Value()
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%.2f", 100*v)
}

func TestS2ServiceLevelVector(t *testing.T) {
	t.Parallel()
	if err := vector().Check(); err != nil {
		t.Fatal(err)
	}
	want := map[reports.Formula]string{
		reports.AnsweredOnly:     "86.00",
		reports.AbandonsPositive: "83.02",
		reports.AbandonsNegative: "81.13",
		reports.AbandonsIgnored:  "82.69",
		reports.ShortPositive:    "82.08",
		reports.ShortRemoved:     "81.90",
		reports.Hotline:          "81.90",
		reports.Raw:              "81.13",
		reports.OfOffered:        "81.13",
		reports.FlowOuts:         "81.90",
		reports.Inclusive:        "83.02",
		reports.Removed:          "83.02",
		reports.LeftInT:          "83.02",
	}
	for _, by := range reports.Formulas() {
		if got := level(t, vector(), by); got != want[by] {
			t.Errorf("%s is %s %%, want %s %%", by, got, want[by])
		}
	}
	if len(reports.Formulas()) != len(want) {
		t.Errorf("formulas %v, want %d", reports.Formulas(), len(want))
	}
	if reports.DefaultFormula != reports.Hotline || level(t, vector(), "") != "81.90" {
		t.Error("the default is not the hotline formula")
	}
}

// TestS2ServiceLevelOfTheFixedLog has every outcome in it, so that formulas which agree on
// the vector differ.
func TestS2ServiceLevelOfTheFixedLog(t *testing.T) {
	t.Parallel()
	f := compute(t, fixedLog(t), daySpec(t)).Rows[0].Figures
	for by, want := range map[reports.Formula]string{
		reports.Hotline:          "33.33", // 3 / (4 + 3 + 1 + 1)
		reports.Raw:              "30.00", // 3 / (4 + 4 + 1 + 1)
		reports.AnsweredOnly:     "75.00", // 3 / 4
		reports.AbandonsPositive: "62.50", // (3 + 2) / 8
		reports.AbandonsNegative: "37.50", // 3 / 8
		reports.AbandonsIgnored:  "50.00", // 3 / (8 - 2)
		reports.ShortPositive:    "50.00", // (3 + 1) / 8
		reports.ShortRemoved:     "42.86", // 3 / 7
		reports.OfOffered:        "23.08", // 3 / 13
		reports.FlowOuts:         "27.27", // 3 / (13 - 1 waiting - 1 short)
		reports.Inclusive:        "60.00", // (3 + 2 + 1 sent away at once) / (4 + 4 + 1 + 1)
		reports.Removed:          "38.46", // (3 + 2 + 0) / 13
		reports.LeftInT:          "50.00", // (3 + 2 + 0 + 1 + 0) / 12
	} {
		if got := level(t, f, by); got != want {
			t.Errorf("%s is %s %%, want %s %%", by, got, want)
		}
	}
}

func TestNoDenominatorNoValue(t *testing.T) {
	t.Parallel()
	for _, by := range reports.Formulas() {
		if got := level(t, reports.Figures{}, by); got != "none" {
			t.Errorf("%s of nothing is %s", by, got)
		}
		if by.Text() == "" {
			t.Errorf("%s has no text", by)
		}
	}
	f := reports.Figures{}
	for name, m := range map[string]reports.Mean{
		"ASA": f.ASA(), "ATT": f.ATT(), "ACW": f.ACW(), "AHT": f.AHT(), "ATA": f.TimeToAbandon(),
	} {
		if v, ok := m.Value(); ok {
			t.Errorf("%s of nothing is %v", name, v)
		}
	}
	if v, ok := f.AbandonRate().Value(); ok {
		t.Errorf("abandon rate of nothing is %v", v)
	}
}

func TestUnknownFormula(t *testing.T) {
	t.Parallel()
	_, err := reports.Figures{}.ServiceLevel("best")
	if !errors.Is(err, reports.ErrInvalid) || !strings.Contains(err.Error(), "hotline raw answered-only") {
		t.Errorf("error %v, want ErrInvalid with the list of names", err)
	}
	if text := reports.Formula("best").Text(); text != "" {
		t.Errorf("text %q of an unknown formula", text)
	}
}
