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
