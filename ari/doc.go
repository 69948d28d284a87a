// Package ari speaks with one Asterisk over its REST interface (ARI): the stream of
// events on a WebSocket and the commands by HTTP.
//
// [Client.Run] keeps the stream connected and fills the queue behind [Client.Messages].
// The queue is the contract: an event is delivered, or a [Resync] or [Up] with a full
// [Snapshot] tells that some were lost and how the switch stands now. Nothing is lost in
// silence, whatever the consumer, the network or Asterisk does.
//
// The commands are plain methods with a context, a deadline and a typed [Error]. They are
// safe for use by many goroutines. What a command caused is learnt from the stream, and
// the event may come before the command returns: register for an id of your own, then
// send the command.
//
// Of github.com/CyCoreSystems/ari only the event types and their decoder are used. Its
// connection and its bus lose events without a word and wait without limit.
package ari
