package callflow

import (
	"testing"

	"hotline/call"
)

func TestCallOf(t *testing.T) {
	for id, want := range map[string]struct {
		owner call.ID
		part  string
	}{
		"pbx-1795295868.0-a1":     {"pbx-1795295868.0", "-a1"},
		"pbx-1795295868.0-a17":    {"pbx-1795295868.0", "-a17"},
		"pbx-1795295868.0-c2":     {"pbx-1795295868.0", "-c2"},
		"pbx-1795295868.0-c2-a11": {"pbx-1795295868.0", "-c2-a11"},
		"pbx-1795295868.0-o1":     {"pbx-1795295868.0", "-o1"},
		"pbx-a1-1795295868.0-a2":  {"pbx-a1-1795295868.0", "-a2"},
		"pbx-1795295868.0":        {"pbx-1795295868.0", ""},
		"pbx-a1-1795295868.0":     {"pbx-a1-1795295868.0", ""},
		"-a1":                     {"-a1", ""},
		"pbx-1795295868.0-a":      {"pbx-1795295868.0-a", ""},
		"pbx-1795295868.0-a1b":    {"pbx-1795295868.0-a1b", ""},
		"":                        {"", ""},
	} {
		if owner, part := CallOf(id); owner != want.owner || part != want.part {
			t.Errorf("CallOf(%q) = %q, %q; want %q, %q", id, owner, part, want.owner, want.part)
		}
	}
}

func TestTargetsAndIntentsAreReadBack(t *testing.T) {
	for _, to := range []Target{
		{Agent: "ann"}, {Queue: "care"}, {Queue: "care", Level: 2}, {Number: "+8613800138000"},
	} {
		in := Intent{After: "pbx-1.0-a1", To: to}
		if got, ok := ParseIntent(in.String()); !ok || got != in {
			t.Errorf("%q is read as %+v, %t", in.String(), got, ok)
		}
	}
	for _, text := range []string{
		"", "c1-a1", "c1-a1 ", "c1-a1 agent:", "c1-a1 queue:care/x", "c1-a1 queue:", "c1-a1 cat:tom",
	} {
		if got, ok := ParseIntent(text); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
