package asterisk

import (
	"embed"
	"fmt"
)

// baselineFiles are added to the ordinary files of the same name, and only when
// [Params.BaselineNumber] asks for them.
//
//go:embed baseline/*.conf.tmpl
var baselineFiles embed.FS

// BaselineQueue is the name of Asterisk's own queue in the baseline profile.
const BaselineQueue = "baseline"

func (p Params) validateBaseline() error {
	if p.BaselineNumber != "" && !extensionPattern.MatchString(p.BaselineNumber) {
		return fmt.Errorf("%w: BaselineNumber %q: want 1 to 15 digits", ErrParams, p.BaselineNumber)
	}
	return nil
}

// baseline adds the profile to the files. The ordinary part stays byte for byte
// what production has, so that the application is measured as it runs.
func (v view) baseline(files map[string][]byte) error {
	if v.BaselineNumber == "" {
		return nil
	}
	added, err := fill(baselineFiles, "baseline/*.conf.tmpl", v)
	if err != nil {
		return err
	}
	for name, text := range added {
		files[name] = append(files[name], text...)
	}
	return nil
}
