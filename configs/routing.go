package configs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/call"
)

// Routing is how calls are given to agents, the same for all queues.
type Routing struct {
	MissPause     time.Duration `yaml:"miss_pause"`     // no call for an agent after one that he missed
	SuspendAfter  int           `yaml:"suspend_after"`  // missed calls in a row, then a break; 0 = never
	CallbackTurn  int           `yaml:"callback_turn"`  // one callback at most in so many calls of an agent
	PriorityWorth time.Duration `yaml:"priority_worth"` // of waiting, for each step of priority
}

// Level is how far an agent has come in a skill, as it is written: a name of Config.Levels
// or a number from 0. "" is 0, which everybody has.
type Level string

// maxLevel bounds the numbers of levels.
const maxLevel = 9

// LevelOf is the number of a level; false when it is neither one of the names nor a number
// from 0 to 9.
func (c *Config) LevelOf(l Level) (int, bool) {
	if n, ok := c.Levels[string(l)]; ok || l == "" {
		return n, true
	}
	n, err := strconv.Atoi(string(l))
	return n, err == nil && n >= 0 && n <= maxLevel
}

// level is LevelOf for what is known to be one.
func (c *Config) level(l Level) int {
	n, _ := c.LevelOf(l)
	return n
}

// Serves says whether the agent's phone may ring for callers of the queue: he is in it, or he
// has its skill.
func (a Agent) Serves(q Queue) bool {
	_, has := a.Skills[q.Skill]
	return q.Skill != "" && has || slices.Contains(a.Queues, q.ID)
}

// Widen makes a lower level enough for callers who have waited for a while.
type Widen struct {
	After time.Duration `yaml:"after"` // of waiting
	Level Level         `yaml:"level"` // that is enough from then on
}

// Help lets agents of another queue take callers who have waited for a while.
type Help struct {
	After time.Duration `yaml:"after"` // of waiting
	Queue call.QueueID  `yaml:"queue"` // whose agents help from then on
}

// Grade is a kind of customer, such as key account (大用户), with his numbers.
type Grade struct {
	ID          string   `yaml:"id"`
	Name        string   `yaml:"name"`         // "" = the id
	Level       Level    `yaml:"level"`        // of agent, in queues with a skill
	Priority    int      `yaml:"priority"`     // steps of Routing.PriorityWorth
	Numbers     []string `yaml:"numbers"`      // digits, with * at the end all that begin so
	NumbersFile string   `yaml:"numbers_file"` // more of them, one a line; "" = none

	Listed []string `yaml:"-"` // read from NumbersFile
}

// All is every number of the grade as digits, with * at the end where it is a beginning.
// What Validate refuses is left out.
func (g Grade) All() []string {
	out := make([]string, 0, len(g.Numbers)+len(g.Listed))
	for _, written := range slices.Concat(g.Numbers, g.Listed) {
		if n, ok := gradedNumber(written); ok {
			out = append(out, n)
		}
	}
	return out
}

// gradedNumber brings a number of a grade into the form in which numbers are compared.
func gradedNumber(written string) (string, bool) {
	rest, begins := strings.CutSuffix(written, "*")
	digits := Digits(rest)
	stray := strings.Trim(rest, "+0123456789 ()-") != ""
	if stray || digits == "" || len(digits) > 20 {
		return "", false
	}
	if begins {
		digits += "*"
	}
	return digits, true
}

// Digits is what is compared of a caller's number: its digits alone.
func Digits(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}

// maxNumbers bounds a file of numbers, in bytes: some 500,000 numbers.
const maxNumbers = 8 << 20

// readNumbers reads the files of numbers that grades name.
func (c *Config) readNumbers() Problems {
	var problems Problems
	for i := range c.Grades {
		g := &c.Grades[i]
		if g.NumbersFile == "" {
			continue
		}
		var err error
		if g.Listed, err = numbersOf(g.NumbersFile); err != nil {
			key := fmt.Sprintf("grades[%d].numbers_file", i)
			problems = append(problems, Problem{Key: key, Rule: err.Error()})
		}
	}
	return problems
}

// numbersOf reads a file of one number a line. Empty lines, and what follows a #, are
// passed over. The error is the rule that the file breaks.
func numbersOf(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("must be a file that can be read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("must be a file that can be read: %w", err)
	case !info.Mode().IsRegular():
		return nil, errors.New("must be a regular file")
	case info.Size() > maxNumbers:
		return nil, fmt.Errorf("must be a file of at most %d bytes", maxNumbers)
	}
	var numbers []string
	lines := bufio.NewScanner(io.LimitReader(f, maxNumbers))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, ok := gradedNumber(text); !ok {
			return nil, fmt.Errorf("must hold one number a line: line %d is %q", n, text)
		}
		numbers = append(numbers, text)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("must be a file that can be read: %w", err)
	}
	return numbers, nil
}
