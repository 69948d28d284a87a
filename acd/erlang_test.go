package acd

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hotline/call"
)

// A long run of a busy queue says little about its means: with 105 agents for 100 Erlang it
// forgets a crowd only after some 1600 callers, so that a million of them leave a doubt of
// more than 10 % on the wait, and a seed can be found that pleases. So the formulas are held
// against many short runs instead, each begun in the steady state itself: how many callers
// it finds is drawn evenly over that state's distribution, and talks and patience have no
// memory. An engine that keeps the steady state shows the formula's figures from the first
// caller on; one that leaves an agent idle, or a caller forgotten, drifts away from them.
// The doubt that is left is told with each figure, as half the width of its 99 % interval.
var steadyHouses = []steady{
	{load: 10, agents: 12, handling: 180 * time.Second},
	{load: 20, agents: 23, handling: 180 * time.Second},
	{load: 100, agents: 110, handling: 240 * time.Second},
	{load: 100, agents: 105, handling: 240 * time.Second},
	{load: 20, agents: 20, handling: 180 * time.Second, patience: 120 * time.Second},
	{load: 20, agents: 17, handling: 180 * time.Second, patience: 60 * time.Second},
	{load: 10, agents: 12, handling: 180 * time.Second, patience: 300 * time.Second},
	{load: 100, agents: 95, handling: 240 * time.Second, patience: 180 * time.Second},
}

// TestErlang: Erlang C within 2 %, Erlang A within 3 %, over 30,000 callers each;
// BenchmarkErlang plays a million.
func TestErlang(t *testing.T) {
	for _, s := range steadyHouses {
		t.Run(s.String(), func(t *testing.T) { s.hold(t, 10_000, 3) })
	}
}

// BenchmarkErlang prints the table of the formulas over a million callers each.
func BenchmarkErlang(b *testing.B) {
	for _, s := range steadyHouses {
		b.Run(s.String(), func(b *testing.B) {
			for range b.N {
				s.hold(b, 100_000, 10)
			}
		})
	}
}

// The published vectors, to hold our own formula against: share delayed, mean wait in
// seconds, share answered within 20 s.
func TestErlangFormula(t *testing.T) {
	for i, want := range [][3]float64{
		{0.4494, 40.4, 0.640}, {0.4157, 24.9, 0.702}, {0.2370, 5.7, 0.897}, {0.5157, 24.8, 0.660},
	} {
		s := steadyHouses[i]
		got := s.formula()
		for k, g := range []float64{got[delayed], got[meanWait], got[within20]} {
			if math.Abs(g-want[k]) > 0.002*want[k]+0.0005 {
				t.Errorf("%v: figure %d is %.4f, published %.4f", s, k, g, want[k])
			}
		}
	}
}

// The figures of a queue.
const (
	delayed   = iota // share of callers who wait
	meanWait         // of all callers, in seconds
	within15         // share answered within 15 s
	within20         // share answered within 20 s
	abandoned        // share who lose patience
	figures
)

var figureNames = [figures]string{"delayed", "mean wait s", "within 15 s", "within 20 s", "abandoned"}

// steady is a queue M/M/N in its steady state, with patience M/M/N+M.
type steady struct {
	load               float64
	agents             int
	handling, patience time.Duration
}

func (s steady) String() string {
	if s.patience > 0 {
		return fmt.Sprintf("A %g on %d, %v patient", s.load, s.agents, s.patience)
	}
	return fmt.Sprintf("C %g on %d", s.load, s.agents)
}

// states are the chances of so many callers in the house, cut where nobody will ever be.
func (s steady) states() []float64 {
	leaving := 0.0
	if s.patience > 0 {
		leaving = s.handling.Seconds() / s.patience.Seconds()
	}
	p, sum := []float64{1}, 1.0
	for n := 1; n < 20*s.agents; n++ {
		next := p[n-1] * s.load / (float64(min(n, s.agents)) + leaving*float64(max(0, n-s.agents)))
		p, sum = append(p, next), sum+next
	}
	for n := range p {
		p[n] /= sum
	}
	return p
}

// formula is what Erlang says; a figure for which he has no simple one is not a number.
func (s steady) formula() [figures]float64 {
	var wait, queue float64
	for n, p := range s.states() {
		if n >= s.agents {
			wait += p
			queue += p * float64(n-s.agents)
		}
	}
	between := s.handling.Seconds() / s.load
	f := [figures]float64{delayed: wait, meanWait: queue * between}
	if s.patience > 0 {
		f[abandoned] = queue * between / s.patience.Seconds()
		f[within15], f[within20] = math.NaN(), math.NaN()
		return f
	}
	within := func(seconds float64) float64 {
		return 1 - wait*math.Exp(-(float64(s.agents)-s.load)*seconds/s.handling.Seconds())
	}
	f[within15], f[within20], f[abandoned] = within(15), within(20), math.NaN()
	return f
}

// hold plays the runs and compares.
func (s steady) hold(tb testing.TB, runs, callers int) {
	const batches = 20
	limit := 0.02
	if s.patience > 0 {
		limit = 0.03
	}
	var sums [batches][figures]float64
	chance, states := rand.New(rand.NewPCG(85, 15)), s.states()
	offset, r := chance.Float64(), newSteadyRun(tb, s, chance)
	for i := range runs {
		inside := state(states, (float64(i)+offset)/float64(runs))
		for k, g := range r.run(inside, callers) {
			sums[i%batches][k] += g / float64(runs/batches) / float64(callers)
		}
	}
	for k, want := range s.formula() {
		if math.IsNaN(want) {
			continue
		}
		var mean, square float64
		for _, b := range sums {
			mean += b[k] / batches
			square += b[k] * b[k] / batches
		}
		half := 2.861 * math.Sqrt(max(0, square-mean*mean)/(batches-1))
		tb.Logf("%-28s %-12s %9.4f ± %.4f   Erlang %9.4f   %+.2f %% ± %.2f", s, figureNames[k], mean, half, want,
			100*(mean/want-1), 100*half/want)
		if math.Abs(mean/want-1) > limit {
			tb.Errorf("%v: %s is %.4f, want %.4f within %.0f %%", s, figureNames[k], mean, want, 100*limit)
		}
	}
}

// state is how many callers are in the house at that part of the distribution.
func state(states []float64, part float64) int {
	for n, p := range states {
		if part -= p; part < 0 {
			return n
		}
	}
	return len(states) - 1
}

// run lets so many callers come upon those who are inside, and sums up how they fare. The
// first comes at once: what callers find is the steady state, and not what is left of it
// after a time in which nobody came.
func (r *steadyRun) run(inside, callers int) [figures]float64 {
	r.sum = [figures]float64{}
	r.become(inside)
	for range callers {
		id := r.next()
		r.open[id] = true
		r.enter(id)
		next := r.now.Add(r.draw(time.Duration(float64(r.handling) / r.load)))
		r.until(next)
		r.now = next
	}
	for len(r.open) > 0 {
		r.step()
	}
	return r.sum
}

// become brings so many callers into the house. Whose talk is ended for it is drawn without
// regard to how long it would have lasted, so that all others are as before: without memory.
func (r *steadyRun) become(inside int) {
	for len(r.e.callers) < inside {
		r.enter(r.next())
	}
	for len(r.e.callers) > inside {
		m, _ := heap.Remove(&r.due, r.chance.IntN(len(r.due))).(move)
		if _, talks := m.do.(LegEnded); talks {
			r.apply(m.do)
		} else if l, ok := m.do.(Leave); ok && r.waits(l.Call) {
			heap.Push(&r.due, m)
		}
	}
}

// steadyRun is the house in which the runs are played, one after the other.
type steadyRun struct {
	steady
	tb     testing.TB
	e      *Engine
	chance *rand.Rand
	now    time.Time
	due    moves
	calls  int
	open   map[call.ID]bool // callers of interest who still wait
	sum    [figures]float64
}

func newSteadyRun(tb testing.TB, s steady, chance *rand.Rand) *steadyRun {
	cfg := Config{Queues: []Queue{{ID: "q", RingFor: time.Minute}}, TalkMax: 1000 * time.Hour}
	for i := range s.agents {
		cfg.Agents = append(cfg.Agents, Agent{ID: call.AgentID(fmt.Sprint(i)), Queues: []call.QueueID{"q"}})
	}
	e, err := New(cfg)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	r := &steadyRun{steady: s, tb: tb, e: e, chance: chance, now: dawn, open: map[call.ID]bool{}}
	for _, a := range cfg.Agents {
		r.apply(SignIn{a.ID})
	}
	return r
}

func (r *steadyRun) draw(mean time.Duration) time.Duration {
	return time.Duration(r.chance.ExpFloat64() * float64(mean))
}

func (r *steadyRun) enter(id call.ID) {
	r.calls++
	r.apply(Enter{Call: id, Queue: "q"})
	if r.patience > 0 && r.waits(id) {
		heap.Push(&r.due, move{r.now.Add(r.draw(r.patience)), Leave{Call: id}})
	}
}

// next is the name of the next caller.
func (r *steadyRun) next() call.ID { return call.ID(fmt.Sprint("c", r.calls)) }

func (r *steadyRun) waits(id call.ID) bool {
	c := r.e.callers[id]
	return c != nil && c.waits
}

// until lets everything happen that is due before a time.
func (r *steadyRun) until(t time.Time) {
	for len(r.due) > 0 && r.due[0].at.Before(t) {
		r.step()
	}
}

func (r *steadyRun) step() {
	m, _ := heap.Pop(&r.due).(move)
	r.now = m.at
	if l, ok := m.do.(Leave); ok {
		if !r.waits(l.Call) {
			return // he talks, and has forgotten his impatience
		}
	}
	r.apply(m.do)
}

// apply gives the engine a command, and lets every phone be picked up at once.
func (r *steadyRun) apply(c Command) {
	out := r.e.Apply(r.now, c)
	r.count(out.Events)
	for _, a := range out.Actions {
		if ring, ok := a.(Ring); ok {
			r.count(r.e.Apply(r.now, Answered{ring.Offer}).Events)
			heap.Push(&r.due, move{r.now.Add(r.draw(r.handling)), LegEnded{ring.Offer, call.ByCaller}})
		}
	}
}

func (r *steadyRun) count(events []call.Event) {
	for _, ev := range events {
		if !r.open[ev.Call] {
			continue
		}
		switch ev.Kind {
		case call.Queued:
			if ev.Queueing {
				r.sum[delayed]++
			}
		case call.Answered:
			r.over(ev)
			if ev.Wait <= 15_000 {
				r.sum[within15]++
			}
			if ev.Wait <= 20_000 {
				r.sum[within20]++
			}
		case call.LeftQueue:
			r.over(ev)
			r.sum[abandoned]++
		default:
		}
	}
}

func (r *steadyRun) over(ev call.Event) {
	delete(r.open, ev.Call)
	r.sum[meanWait] += ev.Wait.Duration().Seconds()
}

// move is something that will happen.
type move struct {
	at time.Time
	do Command
}

// moves is a heap of them by time.
type moves []move

func (m moves) Len() int           { return len(m) }
func (m moves) Less(i, j int) bool { return m[i].at.Before(m[j].at) }
func (m moves) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }

func (m *moves) Push(x any) {
	if next, ok := x.(move); ok {
		*m = append(*m, next)
	}
}

func (m *moves) Pop() any {
	last := (*m)[len(*m)-1]
	*m = slices.Delete(*m, len(*m)-1, len(*m))
	return last
}
