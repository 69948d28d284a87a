package configs

import (
	"reflect"
	"strings"
)

// environmentPrefix begins the name of every variable that sets a key.
const environmentPrefix = "HOTLINE_"

// variableOf derives the variable's name from a key path: asterisk.url is HOTLINE_ASTERISK_URL.
func variableOf(key string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// applyEnvironment lays variables (NAME=value, as of os.Environ) over cfg and returns the
// variable that set each key. Lists stand in the file only. A variable that names no key,
// although its first word is a group of ours, is a typing error and reported; any other
// HOTLINE_ variable belongs to some other tool and is left alone.
func applyEnvironment(env []string, cfg *Config) (map[string]string, Problems) {
	settings := map[string]setting{}
	groups := map[string]bool{}
	collectSettings(reflect.ValueOf(cfg).Elem(), "", settings, groups)
	set := map[string]string{}
	var problems Problems
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		rest, ours := strings.CutPrefix(name, environmentPrefix)
		if !ours {
			continue
		}
		s, known := settings[name]
		if !known {
			if group, _, _ := strings.Cut(rest, "_"); groups[group] {
				problems = append(problems, Problem{Source: environment, Key: name, Rule: noKeyRule})
			}
			continue
		}
		set[s.key] = name
		if err := setText(s.value, value); err != nil {
			problems = append(problems, Problem{Source: environment, Key: name, Rule: err.Error()})
		}
	}
	return set, problems
}

const (
	environment = "environment" // source of problems with variables
	noKeyRule   = "names no key that the environment can set"
)

// setting is one key that a variable can set.
type setting struct {
	key   string
	value reflect.Value
}

// collectSettings gathers the single values of a group by variable name, and the first
// words of all variables.
func collectSettings(group reflect.Value, key string, settings map[string]setting, groups map[string]bool) {
	for name, index := range fieldsOf(group.Type()) {
		path, value := joinKey(key, name), group.Field(index)
		if key == "" {
			groups[strings.ToUpper(name)] = true
		}
		switch {
		case isScalar(value):
			settings[variableOf(path)] = setting{key: path, value: value}
		case value.Kind() == reflect.Struct:
			collectSettings(value, path, settings, groups)
		}
	}
}
