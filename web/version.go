package web

import "net/http"

// KnownVersion is the version of something that whoever changes it has read, so that nobody's
// change is overwritten unseen (RFC 9110, 13.1.1).
type KnownVersion struct {
	Match string `header:"If-Match" maxLength:"64" doc:"ETag of the version that was read. 版本"`
}

// stale refuses a change of what somebody else has changed meanwhile.
var stale = Problem{
	Status: http.StatusPreconditionFailed, Field: "If-Match", Detail: "If-Match: it was changed, read it again",
}

// is refuses a change by who does not know the present version.
func (k KnownVersion) is(tag string) error {
	switch k.Match {
	case tag:
		return nil
	case "":
		return Problem{
			Status: http.StatusPreconditionRequired, Field: "If-Match", Detail: "If-Match: must hold the ETag of the version",
		}
	}
	return stale
}
