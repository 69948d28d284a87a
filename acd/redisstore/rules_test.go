package redisstore

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hotline/call"
)

func TestRules(t *testing.T) {
	t.Parallel()
	zone := shanghai(t)
	for _, c := range []struct {
		name  string
		rules Rules
		want  string // the fingerprint; "" = refused
	}{
		{"defaults", Rules{}, "mapping=2 within_ms=15000 short_ms=5000 zone=UTC day_start=0s"},
		{
			"all set",
			Rules{20 * time.Second, 2 * time.Second, zone, 6 * time.Hour, DefaultKeep, DefaultCells},
			"mapping=2 within_ms=20000 short_ms=2000 zone=Asia/Shanghai day_start=6h0m0s",
		},
		{"no short abandons", Rules{Short: NoShort}, "mapping=2 within_ms=15000 short_ms=0 zone=UTC day_start=0s"},
		{"short is not below within", Rules{Within: 5 * time.Second}, ""},
		{"negative within", Rules{Within: -time.Second, Short: NoShort}, ""},
		{"negative short", Rules{Short: -time.Second}, ""},
		{"keep below two days", Rules{Keep: time.Hour}, ""},
		{"cells below two days", Rules{Cells: time.Hour}, ""},
		{"cells outlive days", Rules{Keep: 72 * time.Hour, Cells: 73 * time.Hour}, ""},
		{"short keep", Rules{Keep: 72 * time.Hour}, "mapping=2 within_ms=15000 short_ms=5000 zone=UTC day_start=0s"},
		{"day start off the grid", Rules{DayStart: 100 * time.Minute}, ""},
		{"zone without a name", Rules{Zone: time.Local}, ""},
	} {
		r, err := c.rules.normal()
		switch {
		case c.want == "" && !errors.Is(err, ErrRules):
			t.Errorf("%s: error is %v, want ErrRules", c.name, err)
		case c.want != "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && r.fingerprint() != c.want:
			t.Errorf("%s: fingerprint is %q, want %q", c.name, r.fingerprint(), c.want)
		}
	}
}

func TestDayStart(t *testing.T) {
	t.Parallel()
	r := Rules{Zone: shanghai(t), DayStart: 6 * time.Hour}
	for at, want := range map[string]string{
		"2026-03-01T05:59:59+08:00": "2026-02-28",
		"2026-03-01T06:00:00+08:00": "2026-03-01",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		name, start := r.day(when)
		if name != want || start.Hour() != 6 || start.After(when) || when.Sub(start) >= 24*time.Hour {
			t.Errorf("%s lies in the day %s from %s, want %s", at, name, start, want)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no address":      {},
		"brace in prefix": {Addr: "localhost:6379", Prefix: "a}b"},
		"negative db":     {Addr: "localhost:6379", DB: -1},

		"cluster without nodes":   {Addr: "localhost:6379", Cluster: true},
		"cluster and one address": {Addr: "localhost:6379", Addrs: []string{"localhost:6380"}, Cluster: true},
		"nodes without a cluster": {Addrs: []string{"localhost:6379"}},
		"cluster with a database": {Addrs: []string{"localhost:6379"}, Cluster: true, DB: 1},
		"cluster with a sentinel": {Addrs: []string{"localhost:6379"}, Cluster: true, SentinelMaster: "m"},
		"sentinel without addrs":  {Addr: "localhost:6379", SentinelMaster: "m"},
	} {
		if _, err := Open(o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: error is %v, want ErrOptions", name, err)
		}
	}
	if _, err := Open(Options{Addr: "localhost:6379", Rules: Rules{Keep: 1}}); !errors.Is(err, ErrRules) {
		t.Errorf("bad rules: error is %v, want ErrRules", err)
	}
	if _, err := Embedded(Options{Rules: Rules{Keep: 1}}); !errors.Is(err, ErrRules) {
		t.Errorf("bad rules, embedded: error is %v, want ErrRules", err)
	}
}

// TestKeysShareOneSlot holds every key to the one hash tag and to the others: two things
// never share a key, whatever the operator called them.
func TestKeysShareOneSlot(t *testing.T) {
	t.Parallel()
	k := keyspace("hotline")
	at := entered.Truncate(Interval)
	keys := []string{k.seq(), k.mark(), k.config(), k.index(), k.reset(), k.mirror(), k.mirrorNews()}
	for _, id := range []string{"", "a", "a:1", "a:2025-12-31", "{x}", "a:1767195900000"} {
		keys = append(
			keys, k.queue(call.QueueID(id), at), k.queueDay(call.QueueID(id), "2025-12-31"),
			k.agent(call.AgentID(id), at), k.agentDay(call.AgentID(id), "2025-12-31"),
			k.breaksDay(call.AgentID(id), "2025-12-31"), k.line(id, at), k.lineDay(id, "2025-12-31"),
		)
	}
	seen := make(map[string]bool)
	for _, key := range keys {
		if !strings.HasPrefix(key, "{hotline}:") {
			t.Errorf("%q does not begin with the hash tag", key)
		}
		if seen[key] {
			t.Errorf("%q is used twice", key)
		}
		seen[key] = true
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		info     string
		warnings int
		err      error
	}{
		{"redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n", 0, nil},
		{"redis_version:6.2.0\r\n", 0, nil},
		{"redis_version:8\r\n", 0, ErrTooOld},
		{"redis_version:6.0.16\r\n", 0, ErrTooOld},
		{"redis_version:5.9.9\r\n", 0, ErrTooOld},
		{"redis_version:new.1\r\n", 0, ErrTooOld},
		{"redis_version:7.x\r\n", 0, ErrTooOld},
		{"", 0, ErrTooOld},
		{"redis_version:7.2.0\r\nrole:slave\r\nmaster_host:10.0.0.1\r\n", 0, ErrNotWritable},
		{"redis_version:7.2.0\r\nloading:1\r\n", 0, ErrNotWritable},
		{"redis_version:7.2.0\r\nmaxmemory_policy:allkeys-lru\r\n", 1, nil},
		{"redis_version:7.2.0\r\nmaxmemory_policy:volatile-ttl\r\nrdb_last_bgsave_status:err\r\n", 2, nil},
	} {
		info := make(map[string]string)
		parseInfo(info, c.info)
		warnings, err := judge(info)
		if len(warnings) != c.warnings || !errors.Is(err, c.err) {
			t.Errorf("%q: %d warnings, error %v; want %d, %v", c.info, len(warnings), err, c.warnings, c.err)
		}
	}
}
