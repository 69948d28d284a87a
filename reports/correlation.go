package reports

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// The limits of the check of service level against abandon rate. Below them chance speaks.
const (
	correlateOver  = 28 * 24 * time.Hour // length of the period
	correlateHours = 50
	correlateCalls = 10 // offered in an hour
	// correlateMost is the coefficient above which the two do not move against each other.
	correlateMost = -0.3
)

// Correlation tells whether the service level and the abandon rate of hours move against each
// other, as they must: where many wait long, many give up. When they do not, calls are
// counted wrongly or defined wrongly.
type Correlation struct {
	Hours int     `json:"hours"` // with enough calls and both figures
	Rho   float64 `json:"spearman"`
	// Known says that there were enough hours, and that both figures varied.
	Known bool `json:"known"`
	// Warn says that they do not move against each other.
	Warn bool `json:"warn"`
}

// correlate judges the hours of a period.
func correlate(hours []Figures, by Formula) *Correlation {
	var levels, rates []float64
	for _, f := range hours {
		level, ok := f.level(by).Value()
		rate, known := f.AbandonRate().Value()
		if ok && known && f.Offered >= correlateCalls {
			levels, rates = append(levels, level), append(rates, rate)
		}
	}
	c := &Correlation{Hours: len(levels)}
	rho, ok := Spearman(levels, rates)
	if ok && c.Hours >= correlateHours {
		c.Rho, c.Known, c.Warn = rho, true, rho > correlateMost
	}
	return c
}

// Spearman is the rank correlation of two series of the same length, between -1 and 1; equal
// values share the mean of their ranks. It is false where a series does not vary.
func Spearman(a, b []float64) (float64, bool) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, false
	}
	x, y := ranks(a), ranks(b)
	middle := float64(len(a)+1) / 2
	var both, ofX, ofY float64
	for i := range x {
		dx, dy := x[i]-middle, y[i]-middle
		both, ofX, ofY = both+dx*dy, ofX+dx*dx, ofY+dy*dy
	}
	if ofX == 0 || ofY == 0 {
		return 0, false
	}
	return both / math.Sqrt(ofX*ofY), true
}

// ranks are the places of values in their order from 1 on.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	ranked := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranked[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return ranked
}

// writeCorrelation tells the result of the check, where the period is long enough for one.
func (r *Report) writeCorrelation(b *bufio.Writer, l Lang) {
	c := r.Correlation
	switch {
	case c == nil:
	case !c.Known:
		fmt.Fprintf(b, l.pick("服务水平与放弃率: %d 个可比小时,不足以判断\n",
			"service level against abandon rate: %d hours that compare, too few to judge\n"), c.Hours)
	case c.Warn:
		fmt.Fprintf(b, l.pick("警告: 服务水平与放弃率未呈反向变化 (ρ = %.2f, %d 小时),请检查数据采集或口径\n",
			"warning: service level and abandon rate do not move against each other (rho = %.2f, %d hours): "+
				"check how calls are collected and defined\n"), c.Rho, c.Hours)
	default:
		fmt.Fprintf(b, l.pick("服务水平与放弃率: ρ = %.2f (%d 小时)\n",
			"service level against abandon rate: rho = %.2f (%d hours)\n"), c.Rho, c.Hours)
	}
}
