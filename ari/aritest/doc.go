// Package aritest is a scripted Asterisk for tests: real HTTP and a real WebSocket on
// loopback, with channels, bridges and playbacks in memory.
//
// A command changes the model and sends the events that Asterisk 22 sends for it, in its
// order. A test plays the people: it lets calls come in, phones answer and callers hang
// up. It also plays the faults: an answer that is late, lost or wrong, a dropped socket, a
// pong that does not come, a restart, another controller.
package aritest
