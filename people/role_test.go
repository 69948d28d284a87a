package people

import "testing"

func TestRolesAreNamedOnce(t *testing.T) {
	t.Parallel()
	labels := map[string]Role{}
	for _, r := range Roles() {
		if err := r.Valid(); err != nil {
			t.Error(err)
		}
		if r.Label() == "" || labels[r.Label()] != "" {
			t.Errorf("%s is called %q, which says nothing or is the name of %q", r, r.Label(), labels[r.Label()])
		}
		labels[r.Label()] = r
	}
	if len(labels) != 12 {
		t.Errorf("%d roles, want 12", len(labels))
	}
	for _, r := range []Role{"", "AD", "root"} {
		if r.Valid() == nil || r.Label() != "" {
			t.Errorf("%q passes as the role %q", r, r.Label())
		}
	}
}

func TestPrincipalHasItsRolesAlone(t *testing.T) {
	t.Parallel()
	p := Principal{User: "u1", Roles: []Role{Junior, Senior}}
	if !p.Known() || !p.Has(Surveyor, Senior) || p.Has(Administrator) || p.Has() {
		t.Errorf("%+v: known %v, has senior %v, administrator %v, nothing %v",
			p, p.Known(), p.Has(Surveyor, Senior), p.Has(Administrator), p.Has())
	}
	if (Principal{}).Known() || (Principal{}).Has(Roles()...) {
		t.Error("nobody is known or has a role")
	}
}
