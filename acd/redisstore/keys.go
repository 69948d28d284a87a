package redisstore

import (
	"strconv"
	"strings"
	"time"

	"hotline/call"
)

// keyspace makes every key of this package. All of them carry the same hash tag, so that
// in Redis Cluster they live in one slot and a script may touch several of them.
//
// Identities come last but one and the last part never holds a colon, so two different
// pairs of identity and time never give the same key.
type keyspace string

// tagged puts the hash tag in front.
func (k keyspace) tagged(rest string) string { return "{" + string(k) + "}:" + rest }

// seq holds the number of the last applied event.
func (k keyspace) seq() string { return k.tagged("fold:seq") }

// mark holds the fingerprint of the last applied event.
func (k keyspace) mark() string { return k.tagged("fold:mark") }

// config holds the rules by which the counters were made; without it they are not valid.
func (k keyspace) config() string { return k.tagged("fold:config") }

// index is the sorted set of all counter keys, by the second at which they expire.
func (k keyspace) index() string { return k.tagged("fold:index") }

// reset holds the token of the process that is dropping the counters.
func (k keyspace) reset() string { return k.tagged("fold:reset") }

// filling exists while the counters are filled anew and are too low.
func (k keyspace) filling() string { return k.tagged("fold:filling") }

// lease holds the name of the controller that acts.
func (k keyspace) lease() string { return k.tagged("lease") }

// leaseToken is the number of that controller; it only grows.
func (k keyspace) leaseToken() string { return k.tagged("lease:token") }

// mirror holds the live state.
func (k keyspace) mirror() string { return k.tagged("mirror") }

// mirrorNews is the channel on which a new live state is announced.
func (k keyspace) mirrorNews() string { return k.tagged("mirror:news") }

// isCounter tells whether a key is that of a counter.
func (k keyspace) isCounter(key string) bool {
	for _, kind := range []string{
		"queue:", "queue-day:", "agent:", "agent-day:", "breaks-day:", "line:", "line-day:",
	} {
		if strings.HasPrefix(key, k.tagged(kind)) {
			return true
		}
	}
	return false
}

// queue is the hash of one queue and one interval.
func (k keyspace) queue(id call.QueueID, start time.Time) string {
	return k.tagged("queue:" + string(id) + ":" + strconv.FormatInt(start.UnixMilli(), 10))
}

// queueDay is the hash of one queue and one day of the site.
func (k keyspace) queueDay(id call.QueueID, day string) string {
	return k.tagged("queue-day:" + string(id) + ":" + day)
}

// agent is the hash of one agent and one interval.
func (k keyspace) agent(id call.AgentID, start time.Time) string {
	return k.tagged("agent:" + string(id) + ":" + strconv.FormatInt(start.UnixMilli(), 10))
}

// agentDay is the hash of one agent and one day of the site.
func (k keyspace) agentDay(id call.AgentID, day string) string {
	return k.tagged("agent-day:" + string(id) + ":" + day)
}

// breaksDay is the hash of one agent's breaks on one day of the site, by reason.
func (k keyspace) breaksDay(id call.AgentID, day string) string {
	return k.tagged("breaks-day:" + string(id) + ":" + day)
}

// line is the hash of one hotline number and one interval; the empty line holds the calls of
// all lines.
func (k keyspace) line(line string, start time.Time) string {
	return k.tagged("line:" + line + ":" + strconv.FormatInt(start.UnixMilli(), 10))
}

// lineDay is the hash of one hotline number, or of all, and one day of the site.
func (k keyspace) lineDay(line, day string) string {
	return k.tagged("line-day:" + line + ":" + day)
}
