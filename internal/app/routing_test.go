package app

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

// ruled is a configuration that sets everything about routing.
func ruled() *configs.Config {
	c := configs.Default()
	c.Routing = configs.Routing{
		MissPause: 3 * time.Second, SuspendAfter: 2, PriorityWorth: 30 * time.Second, CallbackTurn: 3,
	}
	care, sales := configs.DefaultQueue(), configs.DefaultQueue()
	care.ID, care.Skill, care.MinLevel, care.HighestFirst = "care", "phone", "junior", true
	care.Widen = []configs.Widen{{After: 20 * time.Second, Level: "0"}}
	care.Help = []configs.Help{{After: 30 * time.Second, Queue: "sales"}}
	care.MaxWaiting, care.EmptyAfter, care.Worth, care.MaxWait = 7, time.Minute, 10*time.Second, 5*time.Minute
	care.StickyFor, care.StickyWait, care.ResumePlace = 30*time.Minute, 20*time.Second, 5*time.Minute
	sales.ID = "sales"
	c.Queues = []configs.Queue{care, sales}
	c.Agents = []configs.Agent{
		{ID: "sue", Queues: []call.QueueID{"sales"}, Skills: map[string]configs.Level{"phone": "senior"}},
		{ID: "jo", Queues: []call.QueueID{"care"}},
	}
	c.Grades = []configs.Grade{
		{ID: "key", Name: "大用户", Level: "senior", Priority: 2, Numbers: []string{"0108888*", "13800000001"}},
		{
			ID: "leased", Name: "专线", Level: "manager", Priority: -1, Numbers: []string{"01088889*"},
			Listed: []string{"010888*"},
		},
	}
	c.Complete()
	return c
}

func TestSettingsReachTheEngine(t *testing.T) {
	want := acd.Config{
		MissPause: 3 * time.Second, SuspendAfter: 2, PriorityWorth: 30 * time.Second, CallbackTurn: 3,
		Queues: []acd.Queue{
			{
				ID: "care", RingFor: 6 * time.Second, WrapUp: 30 * time.Second, MaxWait: 5 * time.Minute,
				Skill: "phone", MinLevel: 1, HighestFirst: true,
				Widen:      []acd.Widen{{After: 20 * time.Second, Level: 0}},
				Help:       []acd.Help{{After: 30 * time.Second, Queue: "sales"}},
				MaxWaiting: 7, EmptyAfter: time.Minute, Worth: 10 * time.Second,
			},
			{ID: "sales", RingFor: 6 * time.Second, WrapUp: 30 * time.Second},
		},
		Agents: []acd.Agent{
			{ID: "sue", Queues: []call.QueueID{"sales"}, Skills: map[acd.Skill]acd.Level{"phone": 2}},
			{ID: "jo", Queues: []call.QueueID{"care"}},
		},
	}
	got := acdConfig(ruled())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("the engine refuses it: %v", err)
	}
}

// What Validate lets through the engine takes: a rule that only the engine knows would stop
// the start without file and line.
func TestValidSettingsReachTheEngine(t *testing.T) {
	valid := 0
	rapid.Check(t, func(rt *rapid.T) {
		c := drawSettings(rt)
		if c.Validate() != nil {
			return
		}
		valid++
		if _, err := acd.New(acdConfig(c)); err != nil {
			rt.Fatalf("the engine refuses %+v: %v", c, err)
		}
	})
	if valid < 10 {
		t.Errorf("%d settings were valid, too few to show anything", valid)
	}
}

// drawSettings makes settings of which some break a rule: a few things differ from good ones.
func drawSettings(rt *rapid.T) *configs.Config {
	c := ruled()
	c.Grades[1].Level = "senior" // a manager there is none
	level := func() configs.Level {
		return rapid.SampledFrom([]configs.Level{"", "0", "junior", "senior", "2", "-1"}).Draw(rt, "level")
	}
	length := func() time.Duration {
		return time.Duration(rapid.IntRange(-1, 40).Draw(rt, "seconds")) * time.Second
	}
	for range rapid.IntRange(0, 4).Draw(rt, "changes") {
		q := &c.Queues[rapid.IntRange(0, 1).Draw(rt, "queue")]
		switch rapid.IntRange(0, 8).Draw(rt, "change") {
		case 0:
			q.Skill = rapid.SampledFrom([]string{"", "phone"}).Draw(rt, "skill")
		case 1:
			q.MinLevel = level()
		case 2:
			q.Widen = append(q.Widen, configs.Widen{After: length(), Level: level()})
		case 3:
			helper := rapid.SampledFrom([]call.QueueID{"care", "sales", "none"}).Draw(rt, "helper")
			q.Help = append(q.Help, configs.Help{After: length(), Queue: helper})
		case 4:
			q.Worth = length()
		case 5:
			q.EmptyAfter = length()
		case 6:
			q.MaxWaiting = rapid.IntRange(-1, 2).Draw(rt, "most")
		case 7:
			c.Routing.SuspendAfter = rapid.IntRange(-1, 2).Draw(rt, "suspend")
		default:
			c.Agents[1].Skills = map[string]configs.Level{"phone": level()}
		}
	}
	return c
}

// S5: a caller is known by his number, exactly or by the longest beginning.
func TestS5CallerIsGradedByNumber(t *testing.T) {
	g := newGrades(ruled())
	for number, want := range map[string]string{
		"13800000001": "key", "138-0000-0001": "key", "+13800000001": "key", "138000000012": "", "1380000000": "",
		"01088881234": "key", "01088889999": "leased", "0108887": "leased", "0108889": "leased", "010888": "leased",
		"01088": "", "": "", "alice": "",
	} {
		if got := g.of(number); got.ID != want {
			t.Errorf("%s is graded %q, want %q", number, got.ID, want)
		}
	}
	if got := g.of("13800000001"); got.Name != "大用户" || got.level != 2 || got.priority != 2 {
		t.Errorf("%+v, want level 2 and priority 2", got)
	}
}

// at is a moment of the tests.
var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return at.Add(d) }

// visit is what the ledger holds of a call that waited from its begin on.
func visit(id call.ID, number string, begin time.Duration, place time.Time, rest ...call.Event) []call.Event {
	events := []call.Event{
		{Kind: call.Arrived, At: after(begin), Call: id, Number: number, Line: "95001"},
		{Kind: call.Queued, At: after(begin), Call: id, Queue: "care", Entered: after(begin), Place: place},
	}
	// The end of the caller's leg is often written before what the engine makes of it.
	events = append(events, call.Event{Kind: call.Ended, At: after(begin), Call: id})
	for _, e := range rest {
		e.Call, e.Queue, e.Entered = id, "care", after(begin)
		events = append(events, e)
	}
	return events
}

func abandoned(d time.Duration) call.Event {
	return call.Event{Kind: call.LeftQueue, At: after(d), Outcome: call.Abandoned}
}

func talked(d time.Duration, agent call.AgentID) call.Event {
	return call.Event{Kind: call.TalkEnded, At: after(d), Agent: agent, Answer: at}
}

func consulted(d time.Duration, agent call.AgentID) call.Event {
	e := talked(d, agent)
	e.Direction = call.Consult
	return e
}

func TestStandingOfACaller(t *testing.T) {
	const me, minute = "13900000000", time.Minute
	var plain callflow.Standing
	talk := visit("c1", me, 0, time.Time{}, talked(minute, "sue"))
	gaveUp := visit("c1", me, 0, time.Time{}, abandoned(minute))
	agent := callflow.Standing{Prefer: "sue", PreferFor: 20 * time.Second}
	place := callflow.Standing{Place: at}
	for name, tc := range map[string]struct {
		past   []call.Event
		number string
		queue  call.QueueID
		begin  time.Duration
		want   callflow.Standing
	}{
		"nothing is known":        {nil, me, "care", 0, plain},
		"a grade":                 {nil, "13800000001", "care", 0, callflow.Standing{Level: 2, Priority: 2}},
		"a grade without a skill": {nil, "13800000001", "sales", 0, callflow.Standing{Priority: 2}},
		"his agent":               {talk, me, "care", 31 * minute, agent},
		"his agent, too late":     {talk, me, "care", 31*minute + 1, plain},
		"another's agent":         {talk, "13900000001", "care", minute, plain},
		"a withheld number": {
			visit("c1", "", 0, time.Time{}, talked(minute, "sue")), "", "care", minute, plain,
		},
		"not sticky in this queue": {talk, me, "sales", minute, plain},
		"his last agent": {
			slices.Concat(visit("c2", me, 10*minute, time.Time{}, talked(11*minute, "sue")),
				visit("c1", me, 0, time.Time{}, talked(minute, "jo"))), me, "care", 12 * minute, agent,
		},
		"the agent who was asked and then given the caller": {
			visit("c1", me, 0, time.Time{},
				call.Event{Kind: call.Queued, At: after(minute / 2), Direction: call.Consult},
				talked(minute, "jo"), consulted(minute+time.Second, "sue")), me, "care", 2 * minute, agent,
		},
		"a consultation does not touch the place": {
			visit("c1", me, 0, time.Time{}, call.Event{Kind: call.Queued, At: after(minute), Direction: call.Consult},
				call.Event{Kind: call.LeftQueue, At: after(2 * minute), Direction: call.Consult, Outcome: call.Abandoned}),
			me, "care", 3 * minute, plain,
		},
		"his place":                {gaveUp, me, "care", 6 * minute, place},
		"his place, too late":      {gaveUp, me, "care", 6*minute + 1, plain},
		"his place, another queue": {gaveUp, me, "sales", 2 * minute, plain},
		"sent away": {
			visit("c1", me, 0, time.Time{}, call.Event{Kind: call.LeftQueue, At: after(minute), Outcome: call.TimedOut}),
			me, "care", 2 * minute, plain,
		},
		"a place is used once": {
			slices.Concat(gaveUp, visit("c2", me, 2*minute, at, talked(3*minute, "sue"))),
			me, "care", 4 * minute, agent,
		},
		"a place given up again": {
			slices.Concat(gaveUp, visit("c2", me, 2*minute, at, abandoned(3*minute))),
			me, "care", 4 * minute, place,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := ruled()
			a := &App{cfg: c, grades: newGrades(c), book: bookOf(t, 10)}
			for _, e := range tc.past {
				a.book.note(e)
			}
			got := a.standing(callflow.Arrival{Number: tc.number, Begin: after(tc.begin)}, tc.queue)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("standing (-want +got):\n%s", diff)
			}
		})
	}
}

// The book is bounded: the numbers that were silent for longest are forgotten.
func TestBookForgetsTheOldest(t *testing.T) {
	b := bookOf(t, 2)
	for i, number := range []string{"1", "2", "1", "3"} {
		for _, e := range visit(call.ID(rune('a'+i)), number, time.Duration(i)*time.Minute, time.Time{},
			talked(time.Duration(i)*time.Minute, "sue")) {
			b.note(e)
		}
	}
	if b.of("2").agent != "" || b.of("1").agent != "sue" || b.of("3").agent != "sue" {
		t.Errorf("known: %+v %+v %+v, want 2 forgotten", b.of("1"), b.of("2"), b.of("3"))
	}
	if b.numbers.Len() != 2 || b.calls.Len() != 2 {
		t.Errorf("%d numbers and %d calls are in the book, want 2 each", b.numbers.Len(), b.calls.Len())
	}
}

// What an agent's phone is told of a caller.
func TestS5PhoneShowsTheGrade(t *testing.T) {
	if got := nameOf(callflow.Arrival{Number: "13800000001"}); got != "" {
		t.Errorf("a plain caller is shown as %q, want the number alone", got)
	}
	key := callflow.Arrival{Number: "13800000001", Grade: callflow.Grade{ID: "key", Name: "大用户"}}
	if got := nameOf(key); got != "大用户 13800000001" {
		t.Errorf("a key account is shown as %q", got)
	}
	want := map[string]string{"CALLERID(num)": "anonymous", "CALLERID(name)": "anonymous"}
	if diff := cmp.Diff(want, variables("", false)); diff != "" {
		t.Errorf("withheld (-want +got):\n%s", diff)
	}
	if got := variables("138", true); len(got) != 4 || got["CALLERID(num)"] != "138" {
		t.Errorf("%v, want the number and two headers", got)
	}
}
