package testbed

import (
	"context"
	"strings"
)

// Packages unpacks Debian packages with all they depend on into the cache and
// gives the root to run their programs from. The system is not changed; the
// second call with the same names needs no network.
func Packages(ctx context.Context, stage Stage, names ...string) (*Root, error) {
	root, err := install(ctx, stage, want{names: names})
	if err != nil {
		return nil, unavailable(strings.Join(names, ", "), "Install it with the system's package manager.", err)
	}
	return root, nil
}
