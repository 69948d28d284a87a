// Package redisstore keeps in Redis what must be read fast: the counters behind the live
// figures and a mirror of the live state. Nothing in it is the only copy of a fact.
//
// The counters are a fold of the ledger by event number. One script adds the increments of
// a batch of events and moves the number of the last applied event in the same step, so a
// batch that is sent twice, late or by two processes at once is counted once. Whatever
// happens to Redis (restart without its data, FLUSHALL, an older copy restored), the number
// in it says where to go on, and the Folder goes on from there; when the number and the
// ledger do not fit each other, the counters are dropped and built anew.
//
// An operator can ask for the same at any time: after `DEL {hotline}:fold:config` a running
// controller rebuilds the counters within a second or so.
//
// The call path never waits for anything here: Wake and Put only leave a note for the
// goroutine that owns the work.
package redisstore
