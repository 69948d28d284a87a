package main

import (
	"errors"
	"fmt"
	"strings"

	"hotline/configs"
	"hotline/internal/check"
)

// checkCmd looks at everything the hotline needs.
type checkCmd struct {
	configFlag
}

var errCheck = errors.New("check: something is wrong, see above")

// Run prints a line per finding, and what to do where something is wrong.
func (c checkCmd) Run(e env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return printCheck(e, cfg)
}

func printCheck(e env, cfg *configs.Config) error {
	bad := false
	for _, f := range check.Run(e.ctx, cfg) {
		mark := "ok"
		switch {
		case f.Bad:
			mark, bad = "WRONG", true
		case f.Warn:
			mark = "warning"
		}
		line := fmt.Sprintf("%-8s %-24s %s", mark, f.Name, f.Detail)
		if f.Fix != "" {
			line += "\n" + strings.Repeat(" ", 34) + "-> " + f.Fix
		}
		if _, err := fmt.Fprintln(e.out, line); err != nil {
			return err
		}
	}
	if bad {
		return errCheck
	}
	return nil
}
