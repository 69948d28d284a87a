package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/internal/testbed"
	"hotline/test/house"
)

var (
	fuzzerFor  = flag.Duration("fuzzer", 10*time.Second, "how long TestFuzzerOfOthersFindsNoFault begins new rounds")
	fuzzerSeed = flag.Uint64("fuzzer.seed", 0, "seed of what the fuzzer sends; 0 = a new one")
)

const (
	shots      = 10 // of one run of ffuf
	mostFaults = 20
)

// fuzzer tries an API by programs of others: zzuf spoils a part of a request, ffuf sends it.
type fuzzer struct {
	t     *testing.T
	root  *testbed.Root
	zzuf  string // the beginning of its command line, for a shell
	dir   string // what the programs read and write
	site  string
	token string
	seed  uint64
	rand  *rand.Rand
	known func(path, parameter string) string // a value that the site knows, or ""

	answers map[string]map[int]int // how many, by operation and status
	faults  []string
}

func newFuzzer(t *testing.T, seed uint64, site, token string, known func(path, parameter string) string) *fuzzer {
	t.Helper()
	root, err := testbed.Packages(t.Context(), nil, "ffuf", "zzuf")
	if err != nil {
		t.Fatal(err)
	}
	zzuf, err := root.Command(t.Context(), "zzuf")
	if err != nil {
		t.Fatal(err)
	}
	f := &fuzzer{
		t: t, root: root, dir: t.TempDir(), site: site, token: token, seed: seed,
		known: known, answers: map[string]map[int]int{},
	}
	for _, arg := range zzuf.Args {
		f.zzuf += shellWord(arg) + " "
	}
	return f
}

// shellWord is a word for a shell.
func shellWord(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

func (f *fuzzer) one(n int) bool { return f.rand.IntN(n) == 0 }

func (f *fuzzer) pick(of ...string) string { return of[f.rand.IntN(len(of))] }

// sound is a value that the site takes for a parameter, or "". Chance is asked whatever the site
// knows, so that the same seed means the same in what follows.
func (f *fuzzer) sound(path string, p fuzzedParameter) string {
	value := ""
	if p.In == "path" {
		value = "x" // without one it is another operation's
	}
	if all := p.Schema.values(); len(all) > 0 {
		value = f.pick(all...)
	}
	return cmp.Or(f.known(path, p.Name), value)
}

// arguments are those of ffuf. zzuf changes bits in place and adds none, so that the address
// of a subscription that leads to this machine by http never becomes one of https, which may
// lead elsewhere.
func (f *fuzzer) arguments(s shot) []string {
	args := []string{
		"-s", "-noninteractive", "-mc", "all", "-o", f.file("out"), "-of", "ejson",
		"-t", "2", "-p", "0.025", // below the limit of requests
		"-X", s.method, "-u", f.site + s.target, "-H", "Authorization: Bearer " + f.token,
	}
	for _, h := range s.header {
		args = append(args, "-H", h)
	}
	if s.body != "" {
		args = append(args, "-d", s.body)
	}
	if len(s.words) > 0 {
		var words strings.Builder
		for range shots {
			words.WriteString(f.pick(s.words...) + "\n")
		}
		f.write("words", words.String())
		return append(args, "-w", f.file("words"))
	}
	f.write("sound", s.sound)
	if s.coded {
		args = append(args, "-enc", "FUZZ:urlencode")
	}
	// A file of its own, because ffuf takes what follows a colon for the name of the part.
	f.write("spoil", fmt.Sprintf("exec %s-s $((%d+FFUF_NUM)) -r %s %s < %s\n", f.zzuf, f.rand.IntN(1e9),
		f.pick("0.002", "0.01", "0.05", "0.3"), s.spare, shellWord(f.file("sound"))))
	return append(args, "-input-cmd", "sh "+shellWord(f.file("spoil")), "-input-num", strconv.Itoa(shots))
}

func (f *fuzzer) file(name string) string { return filepath.Join(f.dir, name) }

func (f *fuzzer) write(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(f.file(name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// answer is what ffuf tells of one request.
type answer struct {
	Input  map[string][]byte `json:"input"` // what stood for FUZZ
	Status int               `json:"status"`
}

// fire runs ffuf to its end.
func (f *fuzzer) fire(args []string) []answer {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	cmd, err := f.root.Command(ctx, "ffuf", args...)
	if err != nil {
		f.t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(cmd.Environ(), "HOME="+f.dir, "XDG_CONFIG_HOME="+f.dir) // it keeps a history
	proc, err := testbed.Start(cmd)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := errors.Join(proc.Wait(ctx), proc.Kill()); err != nil {
		f.t.Fatalf("ffuf %q: %v\n%s", args, err, &said)
	}
	raw, err := os.ReadFile(f.file("out"))
	if err != nil {
		f.t.Fatalf("ffuf %q: %v\n%s", args, err, &said)
	}
	var out struct {
		Results []answer `json:"results"`
	}
	if err := errors.Join(json.Unmarshal(raw, &out), os.Remove(f.file("out"))); err != nil {
		f.t.Fatalf("ffuf %q: %v\n%s", args, err, raw)
	}
	return out.Results
}

// try sends some requests to an operation. One without an answer is a fault as well: an
// answer that broke when it had begun is cut, and so is every one of a process that died.
func (f *fuzzer) try(op fuzzed) {
	f.t.Helper()
	s := f.aim(op)
	answers := f.fire(f.arguments(s))
	if f.answers[op.ID] == nil {
		f.answers[op.ID] = map[int]int{}
	}
	where := fmt.Sprintf("%s %s %q %q, %s", s.method, s.target, s.header, s.body, s.part)
	for _, a := range answers {
		f.answers[op.ID][a.Status]++
		_, told := op.Responses[strconv.Itoa(a.Status)]
		elsewhere := strings.HasSuffix(s.part, " path") // a spoiled path may be another operation's
		if a.Status >= http.StatusInternalServerError || !told && !elsewhere {
			f.faults = append(f.faults, fmt.Sprintf("%s = %.300q: %d", where, a.Input["FUZZ"], a.Status))
		}
	}
	if len(answers) != shots {
		f.faults = append(f.faults, fmt.Sprintf("%s: %d answers to %d requests", where, len(answers), shots))
	}
}

// run tries every operation, again and again in another order until the time is over; each
// once at least. before comes before every round. Chance begins anew with each run of ffuf, so
// that what a site knows at the moment, which differs, has no say in the next ones.
func (f *fuzzer) run(ops []fuzzed, during time.Duration, before func()) {
	f.t.Helper()
	end := time.Now().Add(during)
	for n := 0; n < len(ops) || time.Now().Before(end); n++ {
		f.rand = rand.New(rand.NewPCG(f.seed, uint64(n)))
		if n%len(ops) == 0 {
			f.rand.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
			before()
		}
		if f.try(ops[n%len(ops)]); len(f.faults) >= mostFaults {
			return
		}
	}
}

// reached sums up: the answers by status, all of them, and the operations that did more than
// turn the fuzzer away.
func (f *fuzzer) reached() (all map[int]int, requests, operations int) {
	all = map[int]int{}
	for _, id := range slices.Sorted(maps.Keys(f.answers)) {
		in := false
		for status, n := range f.answers[id] {
			all[status] += n
			requests += n
			in = in || status != http.StatusUnauthorized && status != http.StatusTooManyRequests
		}
		if in {
			operations++
		}
		f.t.Logf("%s %v", id, f.answers[id])
	}
	return all, requests, operations
}

// TestFuzzerOfOthersFindsNoFault: whatever zzuf makes of requests to a running hotline that
// takes calls meanwhile, all of them are answered, by a status of the document and never by a
// fault of its own. It answers a call afterwards. With -fuzzer=10m it goes on for longer.
func TestFuzzerOfOthersFindsNoFault(t *testing.T) {
	d := openOffice(t, 2, func(c *configs.Config) { c.Dialing.Allow = []configs.Pattern{"138XXXXXXXX"} })
	d.outside("13800000001", phonesim.Answer(100*time.Millisecond, time.Second))
	d.Over(d.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second}))
	site, round := "http://"+d.App.Addr(), 0
	seed := cmp.Or(*fuzzerSeed, rand.Uint64())
	t.Logf("again: -fuzzer.seed=%d", seed)
	f := newFuzzer(t, seed, site, d.Token, knownAt(d, d.Settle()))
	ops := operationsOf(t, document(t, site))
	f.run(ops, *fuzzerFor, func() {
		round++
		furnish(d, round)
		d.Call(phonesim.CallOptions{From: house.Number(round), Talk: 4 * time.Second, Patience: 8 * time.Second})
	})
	all, requests, operations := f.reached()
	t.Logf("%d requests to %d operations, answers %v", requests, operations, all)
	for _, fault := range f.faults {
		t.Error(fault)
	}
	for _, status := range []int{200, 400, 404, 422} {
		if all[status] == 0 {
			t.Errorf("it never met with %d: it does not get far", status)
		}
	}
	if operations < len(ops)-1 { // but for signing in, which may be locked by then
		t.Errorf("%d of %d operations let it in", operations, len(ops))
	}
	if status, text := d.ask(http.MethodGet, "/healthz", ""); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, text)
	}
	d.Settle()
	furnish(d, round+1)
	last := d.Call(phonesim.CallOptions{From: house.Number(0), Talk: time.Second})
	d.Heard(last)
	d.Over(last)
	d.Settle()
}

// furnish ends the breaks that the fuzzer has given the agents, and makes again what it may have
// deleted. A refusal is as good: there is enough of it.
func furnish(d *office, round int) {
	d.T.Helper()
	for path, body := range map[string]string{
		"agents/" + d.Asterisk.Agents[0].Name + "/state": `{"state":"ready"}`,
		"agents/" + d.Asterisk.Agents[1].Name + "/state": `{"state":"ready"}`,
		"hooks":  `{"url":"http://127.0.0.1:9/","kinds":["ended"]}`,
		"tokens": fmt.Sprintf(`{"name":"z%04d","roles":["st"],"days":365}`, round),
		"users":  fmt.Sprintf(`{"name":"z%04d","roles":["sa"]}`, round),
	} {
		if status, text := d.post("/api/v1/"+path, body); status >= http.StatusInternalServerError {
			d.T.Errorf("%s: %d %s", path, status, text)
		}
	}
}

// knownAt tells of parameters what a site knows: a call that runs or is over, its recording, who
// works there and what has been made by requests before.
func knownAt(d *office, stored []call.Event) func(path, parameter string) string {
	over := stored[slices.IndexFunc(stored, func(e call.Event) bool { return e.Kind == call.Recorded })].Call
	return func(path, parameter string) string {
		lists := map[string]string{"hook": "hooks", "user": "users", "token": "tokens", "recording": "calls/" + string(over)}
		switch parameter {
		case "agent":
			return d.Asterisk.Agents[0].Name
		case "call":
			if calls := d.Live().Calls; len(calls) > 0 {
				return string(calls[0].ID)
			}
			return string(over)
		case "If-Match": // the first version
			if strings.Contains(path, "hooks") {
				return `"v1"`
			}
			return `"1"`
		case "seq":
			return "1"
		}
		if lists[parameter] == "" {
			return ""
		}
		_, text := d.ask(http.MethodGet, "/api/v1/"+lists[parameter], "")
		var found map[string]json.RawMessage
		var items []struct{ ID string }
		err := json.Unmarshal([]byte(text), &found)
		if err = errors.Join(err, json.Unmarshal(found[parameter+"s"], &items)); err != nil {
			d.T.Errorf("%s: %v: %s", lists[parameter], err, text)
		}
		if len(items) == 0 {
			return ""
		}
		return items[len(items)-1].ID
	}
}

// TestFuzzerOfOthersSeesFaults: the fuzzer finds an operation that breaks over a spoiled body, one
// that cuts its answers and one that the document tells nothing of, and nothing in a good one.
func TestFuzzerOfOthersSeesFaults(t *testing.T) {
	const body = `"requestBody":{"content":{"application/json":{"example":{"name":"wang"}}}},"responses":{"200":{}}`
	const doc = `{"paths":{
		"/good":{"post":{"operationId":"good",` + body + `}}, "/body":{"post":{"operationId":"body",` + body + `}},
		"/cut":{"get":{"operationId":"cut"}}, "/untold":{"get":{"operationId":"untold"}},
		"/events":{"get":{"operationId":"streamEvents"}}}}`
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/untold", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/body", func(w http.ResponseWriter, r *http.Request) {
		if raw, err := io.ReadAll(r.Body); err != nil || string(raw) != `{"name":"wang"}` {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/cut", func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler) //nolint:forbidigo // the server's own way to cut a connection
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	f := newFuzzer(t, 1, server.URL, "secret", func(_, _ string) string { return "" })
	f.run(operationsOf(t, []byte(doc)), 0, func() {}) // one round, so that it is the same each time
	found := strings.Join(f.faults, "\n")
	for path, want := range map[string]bool{
		"/good": false, "/body": true, "/cut": true, "/untold": true, "/events": false,
	} {
		if strings.Contains(found, path) != want {
			t.Errorf("%s is at fault: %v, want %v:\n%s", path, !want, want, found)
		}
	}
	if f.answers["good"][http.StatusOK] == 0 || len(f.answers["cut"]) > 0 {
		t.Errorf("answers %v", f.answers)
	}
}
