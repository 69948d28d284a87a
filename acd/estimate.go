package acd

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"hotline/call"
)

const (
	// mostAhead is how many callers before him are played one by one; a longer line is taken
	// to move on as these do.
	mostAhead = 500
	// The plays of one forecast: as many as an effort of this many steps allows, within
	// bounds. Fewer blur the ninth tenth.
	playEffort, fewestPlays, mostPlays = 500_000, 40, 250
)

// Forecast is how long a caller still waits until an agent answers him.
type Forecast struct {
	P50 time.Duration // half of the callers in his place are answered by then
	P90 time.Duration // nine of ten are

	Entered time.Time // his queue entry

	Ahead  int // callers before him whom the same agents serve
	Agents int // who are signed in and may serve him, busy or not
}

// Forecaster foretells waits in a house. It plays what is ahead of a caller many times: each
// busy agent becomes free when a call that has lasted as long as his would end, as the last
// calls did, and goes to the first in the line whom he may serve. What cannot be known is
// left out: who gives up or comes with a higher priority, and who comes back from a break.
// It is safe for concurrent use.
type Forecaster struct{ house *Engine }

// NewForecaster makes the Forecaster of a house. The error is that of Config.Validate.
func NewForecaster(cfg Config) (*Forecaster, error) {
	house, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &Forecaster{house: house}, nil
}

// Wait foretells for a caller who waits in s and whom no phone rings for, from the Work of
// his queue. The same s and w give the same Forecast. It is false when the caller is not
// there, when nobody who may serve him is signed in to stay, or without a Work.
func (f *Forecaster) Wait(s Snapshot, id call.ID, w Work) (Forecast, bool) {
	waiting := f.line(s)
	at := slices.IndexFunc(waiting, func(x inLine) bool { return x.view.Call == id })
	if at < 0 || len(w.Handling) == 0 {
		return Forecast{}, false
	}
	agents := f.staying(s)
	who := f.servers(s, waiting[at], agents)
	if len(who) == 0 {
		return Forecast{}, false
	}
	ahead := f.ahead(s, waiting[:at], agents, who)
	p := course{work: w, at: s.At, agents: agents, house: f.house, who: append(ahead, who)}
	if len(ahead) > mostAhead {
		p.who = append(slices.Clone(ahead[:mostAhead]), who)
	}
	waits := p.often()
	forecast := Forecast{
		P50: quantile(waits, 0.5), P90: quantile(waits, 0.9), Entered: waiting[at].view.Entered,
		Ahead: len(ahead), Agents: len(who),
	}
	if longer := float64(len(ahead)) / mostAhead; longer > 1 {
		forecast.P50 = time.Duration(longer * float64(forecast.P50))
		forecast.P90 = time.Duration(longer * float64(forecast.P90))
	}
	return forecast, true
}

func quantile(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// inLine is a caller in the line of the house.
type inLine struct {
	at    time.Time // his place
	queue *queue
	view  CallerView
}

// line are all who wait and whom no phone rings for, in the order of Config.PriorityWorth.
func (f *Forecaster) line(s Snapshot) []inLine {
	var out []inLine
	for _, v := range s.Queues {
		q := f.house.queueByID[v.ID]
		for _, c := range slices.Concat(v.Callers, v.Callbacks) {
			if q == nil || c.Agent != "" {
				continue
			}
			from := c.Entered
			if !c.Place.IsZero() {
				from = c.Place
			}
			out = append(out, inLine{from.Add(-f.house.cfg.worth(c.Priority) - q.Worth), q, c})
		}
	}
	slices.SortStableFunc(out, func(a, b inLine) int { return a.at.Compare(b.at) })
	return out
}

// staying are the agents who take another call sooner or later, as they are in s.
func (f *Forecaster) staying(s Snapshot) []AgentView {
	return slices.DeleteFunc(slices.Clone(s.Agents), func(a AgentView) bool {
		away := func(state call.AgentState) bool { return state == call.Offline || state == call.Break }
		return away(a.State) || away(a.Next) || f.house.agentByID[a.ID] == nil
	})
}

// servers are the places in agents of those who may serve a caller.
func (f *Forecaster) servers(s Snapshot, c inLine, agents []AgentView) []int {
	var out []int
	for i, a := range agents {
		if c.view.Kept != "" {
			if c.view.Kept == a.ID {
				out = append(out, i)
			}
			continue
		}
		for _, seat := range f.house.agentByID[a.ID].seats {
			if seat.level >= c.view.Enough && f.stands(s, c, seat.queue) {
				out = append(out, i)
				break
			}
		}
	}
	return out
}

// stands says whether a caller stands in a queue: in his own, and in those that help by now.
func (f *Forecaster) stands(s Snapshot, c inLine, q *queue) bool {
	if q == c.queue {
		return true
	}
	for _, h := range c.queue.Help {
		if h.Queue == q.ID && s.At.Sub(c.view.Entered) >= h.After {
			return true
		}
	}
	return false
}

// ahead are the servers of each caller before somebody whom one of his own servers may have.
// Most have the same as the one before them.
func (f *Forecaster) ahead(s Snapshot, before []inLine, agents []AgentView, own []int) [][]int {
	mine := map[int]bool{}
	for _, i := range own {
		mine[i] = true
	}
	type class struct {
		queue  *queue
		enough Level
		kept   call.AgentID
		helped int
	}
	known := map[class][]int{}
	var out [][]int
	for _, c := range before {
		k := class{queue: c.queue, enough: c.view.Enough, kept: c.view.Kept}
		for _, h := range c.queue.Help {
			if s.At.Sub(c.view.Entered) >= h.After {
				k.helped++
			}
		}
		who, ok := known[k]
		if !ok {
			if who = f.servers(s, c, agents); !slices.ContainsFunc(who, func(i int) bool { return mine[i] }) {
				who = nil
			}
			known[k] = who
		}
		if who != nil {
			out = append(out, who)
		}
	}
	return out
}

// course is what happens until the last of a line is served.
type course struct {
	work   Work
	at     time.Time
	agents []AgentView
	house  *Engine
	who    [][]int // for each caller, in order, the places of those who may serve him
	chance *rand.Rand
}

// often plays many times and returns the waits of the last in the line, sorted.
func (p *course) often() []time.Duration {
	effort := len(p.agents)
	for _, who := range p.who {
		effort += len(who)
	}
	// The same numbers for everybody: whoever is further back waits no less.
	p.chance = rand.New(rand.NewPCG(1, 2))
	waits := make([]time.Duration, min(max(playEffort/effort, fewestPlays), mostPlays))
	for i := range waits {
		waits[i] = p.once()
	}
	slices.Sort(waits)
	return waits
}

// once lets each caller, in their order, have the one who is free first of those who may
// serve him: that is what comes of agents who take the first in the line.
func (p *course) once() time.Duration {
	free := make([]time.Duration, len(p.agents))
	for i, a := range p.agents {
		free[i] = p.left(a)
	}
	for i, who := range p.who {
		next := slices.MinFunc(who, func(a, b int) int { return cmp.Compare(free[a], free[b]) })
		answer := free[next] + draw(p.chance, p.work.Ring)
		if i == len(p.who)-1 {
			return answer
		}
		free[next] = answer + draw(p.chance, p.work.Handling)
	}
	return 0
}

// left is how long an agent is still busy.
func (p *course) left(a AgentView) time.Duration {
	switch a.State {
	case call.Ringing:
		return rest(p.chance, p.work.Ring, p.at.Sub(a.Since)) + draw(p.chance, p.work.Handling)
	case call.Talking, call.Hold:
		return rest(p.chance, p.work.Handling, p.at.Sub(a.Answer))
	case call.WrapUp:
		left := rest(p.chance, p.work.Handling, p.at.Sub(a.Answer))
		if q := p.house.queueByID[a.Queue]; q != nil {
			left = min(left, max(0, q.WrapUp-p.at.Sub(a.Since)))
		}
		return left
	default:
		return 0
	}
}

// draw is one of the lengths; 0 when there are none.
func draw(chance *rand.Rand, sorted []time.Duration) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[chance.IntN(len(sorted))]
}

// rest is what is left of something that has lasted for a while. When it has outlasted all
// that is known it is taken to begin anew.
func rest(chance *rand.Rand, sorted []time.Duration, lasted time.Duration) time.Duration {
	from, _ := slices.BinarySearch(sorted, lasted)
	if from == len(sorted) {
		return draw(chance, sorted)
	}
	return sorted[from+chance.IntN(len(sorted)-from)] - lasted
}
