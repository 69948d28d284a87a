package configs

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// loadSample loads the sample with a password file that exists.
func loadSample(t *testing.T) *Config {
	t.Helper()
	cfg, err := Load("hotline.yaml", []string{"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestSampleHoldsTheDefaults(t *testing.T) {
	got := loadSample(t)
	want := Default()
	want.Complete()
	got.Asterisk.Password, got.Asterisk.PasswordFile = Secret{}, want.Asterisk.PasswordFile
	line, queue := got.Lines[0], got.Queues[0]
	got.Lines, got.Queues, got.Agents, got.Grades, got.Holidays = nil, nil, nil, nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sample outside its lists\n%+v, defaults\n%+v", got, want)
	}
	wantQueue := DefaultQueue()
	wantQueue.ID, wantQueue.Name = queue.ID, queue.Name
	if !reflect.DeepEqual(queue, wantQueue) {
		t.Errorf("queue of the sample\n%+v, default\n%+v", queue, wantQueue)
	}
	if line.Greeting != DefaultLine().Greeting {
		t.Errorf("greeting %q in the sample, default %q", line.Greeting, DefaultLine().Greeting)
	}
	if !strings.Contains(Sample(), "password_file: "+want.Asterisk.PasswordFile+"\n") {
		t.Errorf("the sample's asterisk.password_file is not the default %s", want.Asterisk.PasswordFile)
	}
}

func TestSampleCommentsEveryKey(t *testing.T) {
	lines, problems := decode("hotline.yaml", []byte(Sample()), Default())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text := strings.Split(Sample(), "\n")
	first := map[string]int{} // line of the first item that has the key
	for key, n := range lines {
		key = indexPattern.ReplaceAllString(key, "[0]")
		if at, ok := first[key]; !ok || n < at {
			first[key] = n
		}
	}
	for _, key := range everyKey(reflect.TypeFor[Config](), "") {
		n, ok := first[key]
		if !ok {
			t.Errorf("key %s is not in the sample", key)
			continue
		}
		inline := strings.Contains(text[n-1], "{") // Said in the comment of the group.
		if above := strings.TrimSpace(text[n-2]); !inline && !strings.HasPrefix(above, "#") {
			t.Errorf("hotline.yaml:%d: key %s has no comment above it", n, key)
		}
	}
	for i, line := range text {
		if len(line) > 120 {
			t.Errorf("hotline.yaml:%d: longer than 120 columns", i+1)
		}
	}
}

// indexPattern finds the place of an item in its list.
var indexPattern = regexp.MustCompile(`\[\d+\]`)

// everyKey returns the path of every key, lists by their first item.
func everyKey(group reflect.Type, prefix string) []string {
	var keys []string
	for name, index := range fieldsOf(group) {
		key, typ := joinKey(prefix, name), group.Field(index).Type
		keys = append(keys, key)
		if typ.Kind() == reflect.Slice {
			key, typ = key+"[0]", typ.Elem()
		}
		if typ.Kind() == reflect.Struct {
			keys = append(keys, everyKey(typ, key)...)
		}
	}
	return keys
}

// TestEveryFieldIsAKey keeps a new field from being forgotten: it must name its key, or
// say by "-" that it has none.
func TestEveryFieldIsAKey(t *testing.T) {
	var visit func(typ reflect.Type)
	visit = func(typ reflect.Type) {
		for field := range typ.Fields() {
			if field.Tag.Get("yaml") == "" {
				t.Errorf("%s.%s has no yaml tag", typ.Name(), field.Name)
			}
			inner := field.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && field.Tag.Get("yaml") != "-" {
				visit(inner)
			}
		}
	}
	visit(reflect.TypeFor[Config]())
}
