package people

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	leastPassword = 8   // characters
	mostPassword  = 256 // characters; far above what anybody types, below what costs anything
)

// common.txt are passwords that lists of breached ones begin with, in lower case.
//
//go:embed common.txt
var commonPasswords string

// ValidPassword is an error that wraps ErrInvalid and names the rule that a new password
// breaks. There are no rules about kinds of letters: they make passwords that are hard to
// remember and easy to guess.
func ValidPassword(password, name string) error {
	length, lower := utf8.RuneCountInString(password), strings.ToLower(password)
	rule := ""
	switch {
	case !utf8.ValidString(password), strings.ContainsFunc(password, unicode.IsControl):
		rule = "must be text without control characters"
	case length < leastPassword:
		rule = fmt.Sprintf("must have at least %d characters", leastPassword)
	case length > mostPassword:
		rule = fmt.Sprintf("must have at most %d characters", mostPassword)
	case len(name) >= 3 && strings.Contains(lower, strings.ToLower(name)):
		rule = "must not contain the name"
	case isCommon(lower):
		rule = "must not be one of the passwords that are tried first"
	}
	if rule != "" {
		return fmt.Errorf("password: %w: %s", ErrInvalid, rule)
	}
	return nil
}

// isCommon looks for a password in the list, with the digits and signs that people put
// behind one to make it another left away, and for one that repeats a single character.
func isCommon(lower string) bool {
	first, _ := utf8.DecodeRuneInString(lower)
	if strings.Trim(lower, string(first)) == "" {
		return true
	}
	bare := strings.TrimRight(lower, "0123456789!@#.*_-?")
	for known := range strings.Lines(commonPasswords) {
		known = strings.TrimSpace(known)
		if known == lower || known == bare {
			return true
		}
	}
	return false
}
