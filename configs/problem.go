package configs

import (
	"errors"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with the settings.
type Problem struct {
	Source string // the file, or "environment"
	Line   int    // in the file, from 1; 0 = the key is not in the file
	Key    string // path such as queues[0].ring_for, or the variable's name
	Rule   string // what must hold
}

// Error returns the problem in one line: source:line: key: rule.
func (p Problem) Error() string {
	var b strings.Builder
	if p.Source != "" {
		b.WriteString(p.Source)
		if p.Line > 0 {
			b.WriteString(":" + strconv.Itoa(p.Line))
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Rule)
	return b.String()
}

// Problems is everything that is wrong, in the order of the file. It is the type of the
// error of Load and Validate (use errors.As).
type Problems []Problem

// Error returns one line for each problem.
func (ps Problems) Error() string { return errors.Join(ps.Unwrap()...).Error() }

// Unwrap gives the problems one by one.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// asError is nil when nothing is wrong. Returning Problems itself would give a non-nil
// error around an empty list.
func (ps Problems) asError() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
