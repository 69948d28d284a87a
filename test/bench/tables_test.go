package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// figures are what the phones saw of one side.
type figures struct {
	idle        []time.Duration
	connections []connection
}

func (f *figures) add(more figures) {
	f.idle = append(f.idle, more.idle...)
	f.connections = append(f.connections, more.connections...)
}

// pick takes one time of each connection.
func (f *figures) pick(of func(connection) time.Duration) []time.Duration {
	times := make([]time.Duration, len(f.connections))
	for i, c := range f.connections {
		times[i] = of(c)
	}
	return times
}

func (f *figures) bothHear() []time.Duration { return f.pick(connection.both) }

var percentiles = []string{"p50", "p95", "p99", "max"}

func idleTable(perSide map[side]*figures) *table {
	return spreadTable("agent idle -> next INVITE at the agent's phone", perSide,
		func(f *figures) []time.Duration { return f.idle })
}

func spreadTable(title string, perSide map[side]*figures, of func(*figures) []time.Duration) *table {
	t := &table{Title: title, Unit: "ms", Columns: percentiles}
	for _, s := range []side{theirs, ours} {
		times := spreadOf(of(perSide[s]))
		t.Rows = append(t.Rows, row{Name: string(s), N: times.N, Values: times.columns()})
	}
	t.compareRows()
	return t
}

// connectionTables are the times until both hear each other, with what was clipped.
func connectionTables(perSide map[side]*figures, where string) []*table {
	both := spreadTable("agent's 200 -> both hear each other"+where, perSide, (*figures).bothHear)
	both.Notes = append(both.Notes,
		"audio comes in frames of 20 ms: a path that is open at once is heard within 20 ms and the way through the switch",
		"the simulated agent speaks within 5 ms of the 200; a real phone has its first frame 20 ms after it")
	both.Extra = map[string]any{}
	for _, s := range []side{theirs, ours} {
		c := clippingOf(perSide[s].connections)
		both.Extra["clipping "+string(s)] = c
		both.Notes = append(both.Notes, fmt.Sprintf("%-9s the agent's first frames that the caller missed: %s", s, c))
	}
	return []*table{
		both,
		spreadTable("agent's 200 -> the caller hears the agent"+where, perSide,
			func(f *figures) []time.Duration { return f.pick(func(c connection) time.Duration { return c.caller }) }),
		spreadTable("agent's 200 -> the agent hears the caller"+where, perSide,
			func(f *figures) []time.Duration { return f.pick(func(c connection) time.Duration { return c.agent }) }),
	}
}

// String says how many calls missed how many frames.
func (c clipping) String() string {
	parts := []string{}
	for _, frames := range slices.Sorted(maps.Keys(c.Frames)) {
		parts = append(parts, fmt.Sprintf("%d in %d calls", frames, c.Frames[frames]))
	}
	if c.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("unknown in %d calls", c.Unknown))
	}
	return fmt.Sprintf("%s; clipped words (more than %d frames): %d", strings.Join(parts, ", "), wordFrames, c.Words)
}

// perCall is the CPU of each process and of all together, in ms per call, of some turns.
func perCall(turns []turn) (calls int, values []float64) {
	values = make([]float64, len(processes)+1)
	for _, t := range turns {
		calls += t.Calls
		for i, name := range processes {
			values[i] += 1000 * t.Conditions.CPU[name]
			values[len(processes)] += 1000 * t.Conditions.CPU[name]
		}
	}
	for i := range values {
		values[i] = round(values[i] / float64(max(calls, 1)))
	}
	return calls, values
}

func cpuTable(turns []turn) *table {
	t := &table{
		Title: "CPU of all threads, user and system", Unit: "ms per call", Columns: append(slices.Clone(processes), "all"),
	}
	for _, s := range []side{theirs, ours} {
		calls, values := perCall(of(turns, s))
		t.Rows = append(t.Rows, row{Name: string(s), N: calls, Values: values})
	}
	t.compareRows()
	for i, one := range turns {
		_, values := perCall([]turn{one})
		t.Notes = append(t.Notes, fmt.Sprintf("turn %d %-9s %s; at rest %s ms/s", i+1, one.Side,
			strings.Join(cells("%.2f", values), " "), named(one.Rest)))
	}
	return t
}

func memoryTable(turns []turn) *table {
	t := &table{Title: "resident memory at the end of the last turn", Unit: "MB", Columns: processes}
	for _, s := range []side{theirs, ours} {
		last := of(turns, s)
		values := make([]float64, len(processes))
		for i, name := range processes {
			values[i] = last[len(last)-1].MemoryMB[name]
		}
		t.Rows = append(t.Rows, row{Name: string(s), N: len(last), Values: values})
	}
	return t
}

func of(turns []turn, s side) []turn {
	return slices.DeleteFunc(slices.Clone(turns), func(t turn) bool { return t.Side != s })
}

func named(values map[string]float64) string {
	parts := []string{}
	for _, name := range processes {
		if v, ok := values[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %.1f", name, v))
		}
	}
	return strings.Join(parts, ", ")
}
