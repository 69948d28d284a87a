package sqlstore

import (
	"errors"
	"testing"
)

// TestServersAreJudged: what cannot hold a store is refused by name.
func TestServersAreJudged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version, encoding string
		want              error
	}{
		{"150018", "UTF8", nil}, {"140000", "UTF8", nil}, {"130022", "UTF8", ErrTooOld}, {"150018", "LATIN1", ErrRefused},
	} {
		// An error is none that is wanted where nil is.
		if err := judgeServer(c.version, c.encoding); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s %s: %v, want %v", c.version, c.encoding, err, c.want)
		}
	}
}
