package people

import (
	"context"
	"errors"
)

// Outcome is what became of a deed.
type Outcome string

// The outcomes of a deed.
const (
	Allowed Outcome = "allowed" // permitted, and carried out right after
	Denied  Outcome = "denied"
	Failed  Outcome = "failed" // permitted, but it did not take effect
)

// Act is one deed for the audit log. It holds no secret.
type Act struct {
	By      Principal
	Action  string // such as "user.add"
	Object  string // what it was done to, such as "user anna"
	Outcome Outcome
	Details map[string]string
}

// Journal is the audit log. Note returns when the deed is stored for good; an error means
// that it is not, and then the deed must not be done.
type Journal interface {
	Note(ctx context.Context, a Act) error
}

// ErrNotAudited is returned for a deed that was not done because it could not be noted.
var ErrNotAudited = errors.New("the audit log cannot be written")
