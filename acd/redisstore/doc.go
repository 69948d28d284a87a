// Package redisstore keeps in Redis what must be read fast: the counters behind the live
// figures and a mirror of the live state. Nothing in it is the only copy of a fact.
//
// # The fold
//
// The counters are a fold of the ledger by event number. One script adds the increments of
// a batch of events and moves the number of the last applied event in the same step, so a
// batch that is sent twice, late or by two processes at once is counted once. Whatever
// happens to Redis (restart without its data, FLUSHALL, an older copy restored), the number
// in it says where to go on, and the Folder goes on from there; when the number and the
// ledger do not fit each other, the counters are dropped and built anew.
//
// Verify works all counters out of the ledger by other code and compares them with Redis;
// Rebuild makes them anew. Both may run beside a controller. After `DEL {hotline}:fold:config`
// a running controller rebuilds them by itself within a second or so.
//
// # What is stored, and what is added up when it is read
//
// Stored, each as one hash with an expiry:
//
//	queue, agent, line (hotline number)   by quarter of an hour   kept for Rules.Cells (40 days)
//	queue, agent, line                    by day of the site      kept for Rules.Keep (400 days)
//	breaks of an agent by reason          by day of the site      kept for Rules.Keep
//
// Hours are added up from quarters, months from days, and teams from their agents by the teams
// that they are in now. What is derived cannot differ from its parts, costs no memory and, being
// read in few round trips, hardly any time.
//
// Memory is bounded by people and time, never by calls: a queue or line has at most 96 hashes a
// day for 40 days and one a day for 400, some 4,200; an agent who works eight hours has 32 a
// day, some 2,100 with his breaks. The expiry is set once, by the end of the hash's own time,
// and the index, by which counters are dropped, forgets a key a day after that.
//
// The state of an agent is counted when it ends, from AgentChanged, in whole milliseconds and
// cut at the borders of the quarters, so that a night shift counts in both days. Time offline is
// not kept; time signed in is the sum of all other states.
//
// # Never in the way
//
// The call path never waits for anything here: Wake and Put only leave a note for the
// goroutine that owns the work.
//
// # Several servers
//
// All keys share one hash tag, so in Redis Cluster they lie on one node and each script works
// there. Behind Sentinel the store asks the sentinels where the master is, and goes on there
// after a failover: a replica may lack the last writes, which to the fold is an older copy. What
// that means for the Lease stands in docs/adr/0019-lease-and-replicas.md.
package redisstore
