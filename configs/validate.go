package configs

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // The site's zone is known on a machine without zone files too.

	"hotline/call"
	"hotline/configs/prompts"
)

// Validate reports every rule that the settings break, as Problems. Call Complete before
// it on a Config that was built by hand.
func (c *Config) Validate() error { return c.check().asError() }

func (c *Config) check() Problems {
	var r rules
	c.checkSite(&r)
	c.checkAsterisk(&r)
	c.checkStores(&r)
	c.checkPeople(&r)
	c.checkAPI(&r)
	c.checkFigures(&r)
	c.checkRouting(&r)
	c.checkDialing(&r)
	c.checkCodes(&r)
	c.checkGrades(&r)
	c.checkQueues(&r)
	c.checkHolidays(&r)
	c.checkLines(&r)
	c.checkCallbackKeys(&r)
	c.checkAgents(&r)
	c.checkReach(&r)
	return Problems(r)
}

// rules gathers what is broken.
type rules []Problem

// must adds a problem unless the rule holds.
func (r *rules) must(holds bool, key, rule string, args ...any) {
	if !holds {
		*r = append(*r, Problem{Key: key, Rule: fmt.Sprintf(rule, args...)})
	}
}

// duration adds a problem unless the value lies within bounds, both inclusive.
func (r *rules) duration(key string, value, least, most time.Duration) {
	r.must(least <= value && value <= most, key, "must be from %s to %s, not %s", least, most, value)
}

// word adds a problem unless the value is a name that needs no quoting anywhere: it goes
// into dialplan, Redis keys, file names and addresses.
func (r *rules) word(key, value string) {
	r.must(wordPattern.MatchString(value), key,
		"must be 1 to 64 letters, digits, dots, hyphens or underscores, not %q", value)
}

var (
	wordPattern   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	numberPattern = regexp.MustCompile(`^\+?[0-9A-Za-z_.-]{1,32}$`)
	// userPattern leaves no user that is a number: a trunk call from that number would be
	// taken for a call by the agent, since Asterisk knows endpoints by user name.
	userPattern      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{1,31}$`)
	keyPattern       = regexp.MustCompile(`^[0-9*]$`)
	extensionPattern = regexp.MustCompile(`^[0-9]{1,15}$`)
	endpointPattern  = regexp.MustCompile(`^[A-Za-z]+/[A-Za-z0-9_.@:/+-]{1,128}$`)
)

func (c *Config) checkSite(r *rules) {
	r.must(strings.TrimSpace(c.Site.Name) != "", "site.name", "must not be empty")
	_, err := time.LoadLocation(c.Site.TimeZone)
	r.must(err == nil && c.Site.TimeZone != "" && c.Site.TimeZone != "Local", "site.time_zone",
		"must be an IANA name such as Asia/Shanghai, not %q", c.Site.TimeZone)
	r.must(c.Site.DayStart < EndOfDay && c.Site.DayStart%15 == 0, "site.day_start",
		"must be a quarter of an hour before 24:00, the grid of all figures")
}

func (c *Config) checkAsterisk(r *rules) {
	a := c.Asterisk
	u, err := url.Parse(a.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		r.must(false, "asterisk.url", "must be an address such as http://127.0.0.1:8088")
	case u.User != nil:
		// The address is not repeated here, because it holds a password.
		r.must(false, "asterisk.url", "must not hold user or password: they have their own keys")
	default:
		r.must(u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(u.Path, "/ari"), "asterisk.url",
			"must be the address before /ari, with nothing after it")
	}
	r.word("asterisk.user", a.User)
	r.must(a.PasswordFile != "" || !a.Password.Empty(), "asterisk.password_file", "must name a file")
	r.word("asterisk.app", a.App)
	r.duration("asterisk.request_timeout", a.RequestTimeout, 100*time.Millisecond, time.Minute)
	r.must(a.RecordingDir != "", "asterisk.recording_dir", "must name a folder")
	prefix := a.SoundsPrefix
	r.must(filepath.IsLocal(prefix) && !strings.ContainsAny(prefix, " ,&|"), "asterisk.sounds_prefix",
		"must be a folder below Asterisk's sounds, without blanks, not %q", prefix)
}

func (c *Config) checkRedis(r *rules) {
	red := c.Redis
	if addr := red.Addr; addr != "" && !filepath.IsAbs(addr) {
		_, port, err := net.SplitHostPort(addr)
		r.must(err == nil && port != "", "redis.addr", "must be host:port, the path of a socket or empty, not %q", addr)
	}
	r.must(red.DB >= 0 && red.DB <= 15, "redis.db", "must be from 0 to 15, not %d", red.DB)
	for i, addr := range red.Addrs {
		_, port, err := net.SplitHostPort(addr)
		r.must(err == nil && port != "", fmt.Sprintf("redis.addrs[%d]", i), "must be host:port, not %q", addr)
	}
	several := red.Cluster || red.SentinelMaster != ""
	r.must(several == (len(red.Addrs) > 0), "redis.addrs",
		"must be given with redis.cluster or redis.sentinel_master, and with them alone")
	r.must(!red.Cluster || red.SentinelMaster == "", "redis.sentinel_master", "must be empty for a cluster")
	r.must(!red.Cluster || red.DB == 0, "redis.db", "must be 0 in a cluster, not %d", red.DB)
}

func (c *Config) checkStores(r *rules) {
	c.checkRedis(r)
	c.checkLedger(r)
	rec := c.Recordings
	r.must(rec.Dir != "", "recordings.dir", "must name a folder")
	r.must(rec.Dir == "" || filepath.Clean(rec.Dir) != filepath.Clean(c.Asterisk.RecordingDir), "recordings.dir",
		"must not be asterisk.recording_dir, where unfinished files stand")
	r.must(rec.MinFreePercent >= 0 && rec.MinFreePercent <= 90, "recordings.min_free_percent",
		"must be from 0 to 90, not %d", rec.MinFreePercent)
	r.duration("recordings.missing_alarm", rec.MissingAlarm, 20*time.Millisecond, time.Minute)
}

// leastKept is how many days calls are kept at least: the report of a month that is over is
// made in the next one.
const leastKept = 62

func (c *Config) checkLedger(r *rules) {
	l := c.Ledger
	r.must(l.KeepDays == 0 || l.KeepDays >= leastKept && l.KeepDays > c.Figures.VerifyDays, "ledger.keep_days",
		"must be 0, or at least %d and above figures.verify_days, not %d", leastKept, l.KeepDays)
	if l.URL == "" {
		r.must(l.Path != "", "ledger.path", "must name a file")
		r.must(l.PasswordFile == "", "ledger.password_file", "must be empty when ledger.url is")
		return
	}
	r.must(l.Path == "", "ledger.path", "must be empty when ledger.url is set: the ledger is in one place")
	// The address is not repeated here, because it may hold a password.
	u, err := url.Parse(l.URL)
	switch {
	case err != nil, u.Scheme != "postgres" && u.Scheme != "postgresql", u.Host == "", len(u.Path) < 2, u.User == nil:
		r.must(false, "ledger.url", "must be postgres://user@host:port/database")
	default:
		_, has := u.User.Password()
		r.must(!has && !u.Query().Has("password"), "ledger.url",
			"must not hold a password: it has its own key, ledger.password_file")
	}
}

func (c *Config) checkAPI(r *rules) {
	_, port, err := net.SplitHostPort(c.API.Listen)
	if err != nil || port == "" {
		r.must(false, "api.listen", "must be host:port, not %q", c.API.Listen)
		return
	}
	r.must(c.API.TokenFile != "" || !c.API.Token.Empty(), "api.token_file",
		"must not be empty: every request is asked for it")
}

func (c *Config) checkQueues(r *rules) {
	seen, known := map[call.QueueID]bool{}, c.queueIDs()
	for i, q := range c.Queues {
		key := fmt.Sprintf("queues[%d]", i)
		r.word(key+".id", string(q.ID))
		r.must(!seen[q.ID], key+".id", againRule, q.ID)
		seen[q.ID] = true
		r.duration(key+".ring_for", q.RingFor, time.Second, 5*time.Minute)
		r.duration(key+".wrap_up", q.WrapUp, 0, time.Hour)
		r.duration(key+".max_wait", q.MaxWait, 0, 24*time.Hour)
		r.must(q.MaxWait == 0 || q.MaxWait >= q.RingFor, key+".max_wait",
			"must be 0 or at least ring_for (%s), not %s", q.RingFor, q.MaxWait)
		r.word(key+".music_class", q.MusicClass)
		r.must(q.Announcement == "" || prompts.Known(q.Announcement), key+".announcement", promptRule, q.Announcement)
		r.must(q.AnnounceEvery == 0 || q.AnnounceEvery >= 10*time.Second && q.AnnounceEvery <= time.Hour,
			key+".announce_every", "must be 0 or from 10s to 1h, not %s", q.AnnounceEvery)
		r.must(q.Target >= 1 && q.Target <= 100, key+".target", "must be from 1 to 100, not %d", q.Target)
		q.Estimate.check(r, key+".estimate")
		q.Callback.check(r, key+".callback")
		c.checkQueueRouting(r, key, q, known)
		q.Survey.check(r, key+".survey")
	}
}

// Rules that several keys share. Each takes the value that was given.
const (
	promptRule = "must be one of the prompts (configs/prompts), not %q"
	queueRule  = "must be the id of one of the queues, not %q"
	againRule  = "must be given once, not again: %q"
)

func (c *Config) checkFigures(r *rules) {
	f := c.Figures
	r.duration("figures.threshold", f.Threshold, time.Second, time.Hour)
	r.must(f.ShortAbandon >= 0 && f.ShortAbandon < f.Threshold, "figures.short_abandon",
		"must be from 0s to below the threshold (%s), not %s", f.Threshold, f.ShortAbandon)
	r.must(f.VerifyDays >= 0 && f.VerifyDays <= 400, "figures.verify_days", "must be from 0 to 400, not %d", f.VerifyDays)
}

func (c *Config) checkLines(r *rules) {
	queues := c.queueIDs()
	seen := map[string]bool{}
	for i, l := range c.Lines {
		key := fmt.Sprintf("lines[%d]", i)
		r.must(numberPattern.MatchString(l.Number), key+".number",
			"must be the number as the trunk sends it, without blanks, not %q", l.Number)
		r.must(!seen[l.Number], key+".number", againRule, l.Number)
		seen[l.Number] = true
		r.must(queues[l.Queue], key+".queue", queueRule, l.Queue)
		r.must(l.Greeting == "" || prompts.Known(l.Greeting), key+".greeting", promptRule, l.Greeting)
		checkGreetings(r, key+".greetings", l.Greetings)
		l.checkDoors(r, key, queues)
	}
}

func checkGreetings(r *rules, list string, greetings []Greeting) {
	for i, g := range greetings {
		key := fmt.Sprintf("%s[%d]", list, i)
		r.must(g.From < EndOfDay, key+".from", "must be before 24:00")
		r.must(g.From != g.To, key+".to", "must differ from from; a whole day is 00:00 to 24:00")
		r.must(prompts.Known(g.Prompt), key+".prompt", promptRule, g.Prompt)
		for j, other := range greetings[:i] {
			both := g.sound() && other.sound() // Of what is no period nothing can be said.
			r.must(!both || !g.overlaps(other), key,
				"must not overlap %s[%d] (%s to %s)", list, j, other.From, other.To)
		}
	}
}

func (c *Config) checkAgents(r *rules) {
	queues, skills := c.queueIDs(), c.skills()
	ids, users, extensions := map[call.AgentID]bool{}, map[string]bool{}, map[string]bool{}
	for i, a := range c.Agents {
		key := fmt.Sprintf("agents[%d]", i)
		a.check(r, key)
		c.checkSkills(r, key, a, skills)
		r.must(!ids[a.ID], key+".id", againRule, a.ID)
		user := strings.ToLower(a.User) // Asterisk's section names differ by more than case.
		r.must(!users[user], key+".user", againRule, a.User)
		r.must(a.Extension == "" || !extensions[a.Extension], key+".extension", againRule, a.Extension)
		ids[a.ID], users[user], extensions[a.Extension] = true, true, true
		in := map[call.QueueID]bool{}
		for j, q := range a.Queues {
			item := fmt.Sprintf("%s.queues[%d]", key, j)
			r.must(queues[q], item, queueRule, q)
			r.must(!in[q], item, againRule, q)
			in[q] = true
		}
	}
}

// check holds what concerns one agent alone.
func (a Agent) check(r *rules, key string) {
	r.word(key+".id", string(a.ID))
	r.must(userPattern.MatchString(a.User), key+".user",
		"must be a letter, then letters, digits, hyphens or underscores, 2 to 32 in all, not %q", a.User)
	r.must(a.Extension == "" || extensionPattern.MatchString(a.Extension), key+".extension",
		"must be 1 to 15 digits, not %q", a.Extension)
	r.must(endpointPattern.MatchString(a.Endpoint), key+".endpoint",
		"must be what Asterisk dials, such as PJSIP/wangfang, not %q", a.Endpoint)
}

func (c *Config) queueIDs() map[call.QueueID]bool {
	ids := make(map[call.QueueID]bool, len(c.Queues))
	for _, q := range c.Queues {
		ids[q.ID] = true
	}
	return ids
}
