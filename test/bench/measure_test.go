package bench

import (
	"math"
	"slices"
	"time"

	"hotline/internal/phonesim"
)

// span is a stretch of time.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// gather is what the phones saw of a turn. Times count within a span only, calls all.
func gather(records []phonesim.Record, within span) (turn, figures) {
	t, f := turn{}, figures{}
	var doubles []time.Duration
	f.idle, doubles, t.Stuck = idleTimes(records, within)
	for _, d := range doubles {
		t.Doubles = append(t.Doubles, milliseconds(d))
	}
	f.connections, t.Deaf = connections(records, within)
	for _, r := range records {
		if r.Role == phonesim.RoleCaller {
			t.Calls++
			if r.Result != phonesim.ResultAnswered && r.Result != phonesim.ResultAbandoned {
				t.Failed++
			}
		}
	}
	for _, d := range f.idle {
		t.Idle = append(t.Idle, milliseconds(d))
	}
	for _, c := range f.connections {
		t.Caller = append(t.Caller, milliseconds(c.caller))
		t.Agent = append(t.Agent, milliseconds(c.agent))
	}
	return t, f
}

// idleTimes are what every agent's phone saw: the time from the end of one talk (its BYE
// sent, or the other side's received) to the next INVITE. Only talks that ended within the
// span count. doubles are the INVITEs that came while the phone still talked, as the time by
// which they were too early; stuck counts the talks that no INVITE followed.
func idleTimes(records []phonesim.Record, within span) (times, doubles []time.Duration, stuck int) {
	for _, legs := range byAgent(records) {
		for i, leg := range legs {
			if leg.Result != phonesim.ResultAnswered || !within.holds(leg.Ended) {
				continue
			}
			switch {
			case i+1 == len(legs):
				stuck++
			case legs[i+1].Invite.Before(leg.Ended):
				doubles = append(doubles, leg.Ended.Sub(legs[i+1].Invite))
			default:
				times = append(times, legs[i+1].Invite.Sub(leg.Ended))
			}
		}
	}
	return times, doubles, stuck
}

// byAgent sorts the agents' legs by phone and INVITE.
func byAgent(records []phonesim.Record) map[string][]phonesim.Record {
	phones := map[string][]phonesim.Record{}
	for _, r := range records {
		if r.Role == phonesim.RoleAgent {
			phones[r.Party] = append(phones[r.Party], r)
		}
	}
	for _, legs := range phones {
		slices.SortFunc(legs, func(a, b phonesim.Record) int { return a.Invite.Compare(b.Invite) })
	}
	return phones
}

// connection is one answered offer as its two phones heard it.
type connection struct {
	caller time.Duration // from the agent's 200 to the agent's first frame at the caller
	agent  time.Duration // to the caller's first frame at the agent
	lost   int           // first frames of the agent that the caller did not get; -1 = unknown
}

// both is when the later one hears the other.
func (c connection) both() time.Duration { return max(c.caller, c.agent) }

// connections pairs the answered offers of a span with their callers by the codes that
// both heard. deaf counts those in which one never heard the other.
func connections(records []phonesim.Record, within span) (all []connection, deaf int) {
	callers := map[int]phonesim.Record{}
	for _, r := range records {
		if r.Role == phonesim.RoleCaller {
			callers[r.Tone] = r
		}
	}
	for _, r := range records {
		if r.Role != phonesim.RoleAgent || r.Answered.IsZero() || !within.holds(r.Answered) {
			continue
		}
		if c, ok := connect(r, callers); ok {
			all = append(all, c)
		} else {
			deaf++
		}
	}
	return all, deaf
}

func connect(agent phonesim.Record, callers map[int]phonesim.Record) (connection, bool) {
	for _, heard := range agent.Heard {
		caller, ok := callers[heard.Tone]
		if !ok {
			continue
		}
		for _, back := range caller.Heard {
			if back.Tone == agent.Tone {
				return connection{
					caller: back.First.Sub(agent.Answered), agent: heard.First.Sub(agent.Answered), lost: back.Number,
				}, true
			}
		}
	}
	return connection{}, false
}

// spread describes measured times in milliseconds.
type spread struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P95 float64 `json:"p95_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// spreadOf takes each percentile as the smallest value that so many do not exceed.
func spreadOf(times []time.Duration) spread {
	if len(times) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(times))
	at := func(share float64) float64 {
		return milliseconds(sorted[max(int(math.Ceil(share*float64(len(sorted))))-1, 0)])
	}
	return spread{N: len(sorted), P50: at(0.50), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

// columns are the figures in the order of the tables.
func (s spread) columns() []float64 { return []float64{s.P50, s.P95, s.P99, s.Max} }

// clipping tells how much of the agents' first words was lost.
type clipping struct {
	Calls   int         `json:"calls"`
	Frames  map[int]int `json:"frames"`  // calls by the number of first frames lost
	Unknown int         `json:"unknown"` // calls whose frames carried no number
	Words   int         `json:"words"`   // calls that lost more than wordFrames
	Most    int         `json:"most"`    // frames that one call lost
}

// wordFrames is how many frames of 20 ms may go before a word suffers: the shortest sound
// of speech lasts about 40 ms, and nobody speaks in the moment of picking up.
const wordFrames = 2

func clippingOf(all []connection) clipping {
	c := clipping{Calls: len(all), Frames: map[int]int{}}
	for _, one := range all {
		if one.lost < 0 {
			c.Unknown++
			continue
		}
		c.Frames[one.lost]++
		c.Most = max(c.Most, one.lost)
		if one.lost > wordFrames {
			c.Words++
		}
	}
	return c
}
