package app

import "testing"

// TestBell: a ring wakes everybody who waited before it, and nobody who comes after.
func TestBell(t *testing.T) {
	var b bell
	b.ring() // nobody waits
	first, second := b.wait(), b.wait()
	select {
	case <-first:
		t.Fatal("woken without a ring")
	default:
	}
	b.ring()
	<-first
	<-second
	select {
	case <-b.wait():
		t.Error("an old ring wakes who comes later")
	default:
	}
}
