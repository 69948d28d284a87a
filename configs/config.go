// Package configs is everything an operator sets: the commented sample hotline.yaml, the
// types it is read into, the rules it must keep, and (in its subfolders) Asterisk's files
// and the prompts.
//
// Settings are taken in this order, later over earlier: the defaults in code, the file,
// the environment, secrets from their own files. Then all rules are checked. Everything
// that is wrong is reported at once, each problem with its place and the rule it breaks,
// so that an operator corrects a file in one round.
package configs

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	"hotline/call"
	"hotline/configs/prompts"
)

// Config is all settings of one hotline. The meaning, unit, special values and default of
// every key stand in hotline.yaml, which a test holds equal to Default.
type Config struct {
	Site       Site       `yaml:"site"`
	Asterisk   Asterisk   `yaml:"asterisk"`
	Redis      Redis      `yaml:"redis"`
	Ledger     Ledger     `yaml:"ledger"`
	People     People     `yaml:"people"`
	Audit      Audit      `yaml:"audit"`
	Recordings Recordings `yaml:"recordings"`
	Figures    Figures    `yaml:"figures"`
	Routing    Routing    `yaml:"routing"`
	Dialing    Dialing    `yaml:"dialing"`
	Codes      Codes      `yaml:"feature_codes"`
	API        API        `yaml:"api"`
	Log        Log        `yaml:"log"`

	Levels   map[string]int `yaml:"levels"` // names of the levels of agents
	Breaks   []string       `yaml:"breaks"` // reasons of breaks, by the number of their code
	Grades   []Grade        `yaml:"grades"`
	Holidays []Holiday      `yaml:"holidays"`
	Lines    []Line         `yaml:"lines"`
	Queues   []Queue        `yaml:"queues"`
	Agents   []Agent        `yaml:"agents"`
}

// Site is the place the hotline serves.
type Site struct {
	Name     string    `yaml:"name"`
	TimeZone string    `yaml:"time_zone"` // IANA name
	DayStart ClockTime `yaml:"day_start"` // when the day of figures and reports begins
	Language Language  `yaml:"language"`  // of prompts
}

// Asterisk is the one Asterisk this hotline drives.
type Asterisk struct {
	URL            string        `yaml:"url"` // base address of ARI, without /ari
	User           string        `yaml:"user"`
	PasswordFile   string        `yaml:"password_file"`
	App            string        `yaml:"app"` // Stasis application
	RequestTimeout time.Duration `yaml:"request_timeout"`
	RecordingDir   string        `yaml:"recording_dir"` // where MixMonitor writes its pairs
	SoundsPrefix   string        `yaml:"sounds_prefix"` // folder of our prompts below Asterisk's sounds
	Trunk          string        `yaml:"trunk"`         // PJSIP endpoint by which numbers outside are called

	Password Secret `yaml:"-"` // read from PasswordFile
}

// Redis holds live state and counters, never the only copy of a fact.
type Redis struct {
	Addr         string `yaml:"addr"` // host:port or a socket's path; "" = the embedded one
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	DB           int    `yaml:"db"`

	Addrs                []string `yaml:"addrs"`           // instead of Addr: nodes of a cluster, or sentinels
	Cluster              bool     `yaml:"cluster"`         // Addrs are nodes of a Redis Cluster
	SentinelMaster       string   `yaml:"sentinel_master"` // Addrs are sentinels, who know the master by this name
	SentinelPasswordFile string   `yaml:"sentinel_password_file"`

	Password         Secret `yaml:"-"` // read from PasswordFile
	SentinelPassword Secret `yaml:"-"` // read from SentinelPasswordFile
}

// Embedded reports whether no Redis is configured, so that the embedded one stands in.
// The log must say so, because nothing in it survives the process.
func (r Redis) Embedded() bool { return r.Addr == "" && len(r.Addrs) == 0 }

// Where names the servers for people.
func (r Redis) Where() string {
	if len(r.Addrs) > 0 {
		return strings.Join(r.Addrs, ", ")
	}
	return r.Addr
}

// Ledger is the SQL store of call events: one of Path and URL is set.
type Ledger struct {
	Path         string `yaml:"path"` // SQLite file
	URL          string `yaml:"url"`  // PostgreSQL database, without the password
	PasswordFile string `yaml:"password_file"`
	Spool        string `yaml:"spool"`     // folder for events while the database does not answer
	KeepDays     int    `yaml:"keep_days"` // so long calls and their recordings are kept; 0 = for ever

	Password Secret `yaml:"-"` // read from PasswordFile
}

// defaultLedger is where the ledger is when no place is named; its spool is beside it.
const defaultLedger = "/var/lib/hotline/ledger.db"

// Recordings is the store of finished recordings.
type Recordings struct {
	Dir            string        `yaml:"dir"`
	MinFreePercent int           `yaml:"min_free_percent"` // of the file system; below it an alarm is raised
	MissingAlarm   time.Duration `yaml:"missing_alarm"`    // a recording this much shorter than its call
}

// Figures are the limits by which calls are counted. They are the site's, not a queue's:
// figures of queues with different limits would not add up to a total.
type Figures struct {
	Threshold    time.Duration `yaml:"threshold"`     // an answer within it is in time
	ShortAbandon time.Duration `yaml:"short_abandon"` // abandons below it are counted apart; 0 = none

	VerifyAt   ClockTime `yaml:"verify_at"`   // when the counters in Redis are held against the ledger
	VerifyDays int       `yaml:"verify_days"` // so many days back; 0 = never
	IssueAt    ClockTime `yaml:"issue_at"`    // when the reports of days, weeks and months that are over are issued
}

// API is the HTTP and WebSocket address of the console.
type API struct {
	Listen    string `yaml:"listen"`
	TokenFile string `yaml:"token_file"`

	Token Secret `yaml:"-"` // read from TokenFile; empty until MakeToken has made one
}

// Log is what is written to standard error.
type Log struct {
	Level  LogLevel  `yaml:"level"`
	Format LogFormat `yaml:"format"`
}

// Line is one hotline number (客服专线).
type Line struct {
	Number    string       `yaml:"number"`
	Name      string       `yaml:"name"`      // "" = the number
	Queue     call.QueueID `yaml:"queue"`     // where its callers wait
	CallerID  string       `yaml:"caller_id"` // shown to numbers outside; "" = the number
	Greeting  string       `yaml:"greeting"`
	Greetings []Greeting   `yaml:"greetings"` // by hour of day; a gap gets Greeting

	RecordingNotice string        `yaml:"recording_notice"` // prompt after the greeting; "" = none
	Hours           []Opening     `yaml:"hours"`            // when it is open; none = always
	Routes          []Route       `yaml:"routes"`           // other queues by day and hour; a gap gets Queue
	Closed          string        `yaml:"closed"`           // prompt outside the hours; "" = none
	Messages        []Occasion    `yaml:"messages"`         // when a caller may leave a message
	MessageKey      string        `yaml:"message_key"`      // by which he asks for it while he waits
	MessageMax      time.Duration `yaml:"message_max"`      // longest message
}

// Greeting is the prompt of one period of the day, From inclusive, To exclusive, in the
// site's time zone. A period whose To is before its From crosses midnight.
type Greeting struct {
	From   ClockTime `yaml:"from"`
	To     ClockTime `yaml:"to"`
	Prompt string    `yaml:"prompt"`
}

// Queue is one waiting line with its rules.
type Queue struct {
	ID            call.QueueID  `yaml:"id"`
	Name          string        `yaml:"name"`           // "" = the id
	Extension     string        `yaml:"extension"`      // number by which agents reach it; "" = none
	RingFor       time.Duration `yaml:"ring_for"`       // an agent's phone, then the next agent's
	WrapUp        time.Duration `yaml:"wrap_up"`        // limit of after-call work; 0 = none
	MaxWait       time.Duration `yaml:"max_wait"`       // then the caller is turned away; 0 = waits for ever
	MusicClass    string        `yaml:"music_class"`    // Asterisk's music class while waiting
	Announcement  string        `yaml:"announcement"`   // prompt while waiting; "" = music only
	AnnounceEvery time.Duration `yaml:"announce_every"` // between two announcements; 0 = once, at entry
	Target        int           `yaml:"target"`         // percent answered within Figures.Threshold

	Skill        string        `yaml:"skill"`         // that its agents have; "" = none
	MinLevel     Level         `yaml:"min_level"`     // least level in Skill that its callers want
	HighestFirst bool          `yaml:"highest_first"` // of the levels with an idle agent; else the lowest that is wanted
	Widen        []Widen       `yaml:"widen"`         // lower levels with time
	Help         []Help        `yaml:"help"`          // agents of other queues with time
	MaxWaiting   int           `yaml:"max_waiting"`   // callers at once, more are turned away; 0 = any number
	EmptyAfter   time.Duration `yaml:"empty_after"`   // nobody signed in, then callers are turned away; 0 = never
	Worth        time.Duration `yaml:"worth"`         // of waiting, against other queues of the same agents
	StickyFor    time.Duration `yaml:"sticky_for"`    // who redials within it goes to his last agent; 0 = off
	StickyWait   time.Duration `yaml:"sticky_wait"`   // how long he waits for that agent alone
	Survey       Survey        `yaml:"survey"`        // after the talk
	ResumePlace  time.Duration `yaml:"resume_place"`  // who abandoned and redials within it has his place; 0 = off

	Callback Callback `yaml:"callback"` // instead of waiting
	Estimate Estimate `yaml:"estimate"` // of the wait, told to those who wait
}

// Survey asks callers after the talk how content they are (满意度评价).
type Survey struct {
	Prompt  string `yaml:"prompt"`  // "" = nobody is asked
	Percent int    `yaml:"percent"` // of the callers are asked
}

// Agent is one person at one phone.
type Agent struct {
	ID           call.AgentID   `yaml:"id"`
	Name         string         `yaml:"name"`      // "" = the id
	Team         string         `yaml:"team"`      // by which figures are added up; "" = none
	Extension    string         `yaml:"extension"` // number that other agents dial; "" = none
	User         string         `yaml:"user"`      // SIP user, never a number; "" = the id
	Endpoint     string         `yaml:"endpoint"`  // what Asterisk dials; "" = PJSIP/<user>
	Queues       []call.QueueID `yaml:"queues"`
	PasswordFile string         `yaml:"password_file"` // SIP password; "" = Asterisk holds it by itself

	Skills     map[string]Level `yaml:"skills"`      // he serves every queue that asks for one of them
	AutoAnswer bool             `yaml:"auto_answer"` // his phone is asked to pick up by itself

	Password Secret `yaml:"-"` // read from PasswordFile
}

// Default returns the settings of an empty file. It has no line, queue or agent.
func Default() *Config {
	return &Config{
		Site: Site{Name: "hotline", TimeZone: "Asia/Shanghai", Language: Chinese},
		Asterisk: Asterisk{
			URL:            "http://127.0.0.1:8088",
			User:           "hotline",
			PasswordFile:   "/etc/hotline/secrets/asterisk",
			App:            "hotline",
			RequestTimeout: 4 * time.Second,
			RecordingDir:   "/var/spool/asterisk/hotline",
			SoundsPrefix:   "hotline",
			Trunk:          "trunk",
		},
		Redis: Redis{Addr: "127.0.0.1:6379"},
		Recordings: Recordings{
			Dir:            "/var/lib/hotline/recordings",
			MinFreePercent: 10,
			MissingAlarm:   time.Second,
		},
		Figures: Figures{
			Threshold: 15 * time.Second, ShortAbandon: 5 * time.Second, VerifyAt: 3*60 + 30, VerifyDays: 31, IssueAt: 5 * 60,
		},
		Routing: Routing{MissPause: 5 * time.Second, PriorityWorth: time.Minute, CallbackTurn: 2},
		Dialing: Dialing{MaxDigits: 15, MaxCalls: 10, MaxPerHour: 30},
		Codes:   DefaultCodes(),
		Breaks:  []string{"小休", "用餐", "培训", "会议"},
		Levels:  map[string]int{"junior": 1, "senior": 2, "manager": 3},
		People:  DefaultPeople(),
		API:     API{Listen: "127.0.0.1:8080", TokenFile: "/var/lib/hotline/api-token"},
		Log:     Log{Level: "info", Format: "text"},
	}
}

// DefaultLine returns what a line is before its keys are read.
func DefaultLine() Line {
	return Line{
		Greeting: "greeting", RecordingNotice: prompts.RecordingNotice, Closed: prompts.Closed,
		MessageKey: "2", MessageMax: 3 * time.Minute,
	}
}

// DefaultQueue returns what a queue is before its keys are read. Ringing for 6 s leaves
// time for a second and a third agent within the 15 s of S1 when the first is away.
func DefaultQueue() Queue {
	return Queue{
		RingFor:       6 * time.Second,
		WrapUp:        30 * time.Second,
		MusicClass:    "default",
		Announcement:  "please-wait",
		AnnounceEvery: 30 * time.Second,
		Target:        85,
		MinLevel:      "0",
		Survey:        Survey{Percent: 100},
		Estimate:      DefaultEstimate(),
		Callback:      DefaultCallback(),
	}
}

// Complete fills what one setting takes from another: names, users, endpoints and the place
// of the ledger. Load does it; whoever builds a Config by hand does it before Validate.
func (c *Config) Complete() {
	if c.Ledger.URL == "" {
		c.Ledger.Path = orElse(c.Ledger.Path, defaultLedger)
	}
	beside := orElse(c.Ledger.Path, defaultLedger)
	c.Ledger.Spool = orElse(c.Ledger.Spool, filepath.Join(filepath.Dir(beside), "ledger-spool"))
	c.completePeople()
	for i := range c.Lines {
		l := &c.Lines[i]
		l.Name = orElse(l.Name, l.Number)
		l.CallerID = orElse(l.CallerID, l.Number)
	}
	for i := range c.Queues {
		q := &c.Queues[i]
		q.Name = orElse(q.Name, string(q.ID))
	}
	for i := range c.Grades {
		g := &c.Grades[i]
		g.Name = orElse(g.Name, g.ID)
	}
	for i := range c.Agents {
		a := &c.Agents[i]
		a.Name = orElse(a.Name, string(a.ID))
		a.User = orElse(a.User, string(a.ID))
		a.Endpoint = orElse(a.Endpoint, "PJSIP/"+a.User)
	}
}

func orElse(value, instead string) string {
	if value == "" {
		return instead
	}
	return value
}

// Zone returns the site's time zone. It is UTC when the name is unknown, which Validate
// refuses.
func (c *Config) Zone() *time.Location {
	zone, err := time.LoadLocation(c.Site.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Sound returns the media URI by which Asterisk plays one of our prompts in the site's
// language. The language stands in the path, so that the channel's own setting, which a
// trunk may lack, decides nothing.
func (c *Config) Sound(prompt string) string {
	return "sound:" + path.Join(c.Asterisk.SoundsPrefix, string(c.Site.Language), prompt)
}
