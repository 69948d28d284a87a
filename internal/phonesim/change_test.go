package phonesim_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hotline/internal/phonesim"
	"hotline/internal/phonesim/media"
)

// eventually asks again and again until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick, timeout := time.NewTicker(media.FrameTime), time.After(limit)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// talk brings a caller and an agent into a call and gives both legs.
func (l *lab) talk(t *testing.T) (caller, agent *phonesim.Leg) {
	t.Helper()
	phone := l.agent(t, "a1001", phonesim.Answer(0, 0))
	if l.Phone("a1001") != phone || l.Phone("nobody") != nil {
		t.Error("a telephone is not found under its user's name")
	}
	caller = l.dial(t, "a1001", phonesim.CallOptions{})
	l.await(t, phonesim.RoleCaller, phonesim.WhatHeard)
	agent = phone.Calls()[0]
	eventually(t, "the agent hears the caller", func() bool { return len(agent.Record().Heard) > 0 })
	return caller, agent
}

// Keys arrive once each and in order, in both directions, and cost the ledger no packet.
func TestKeysArrive(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	caller, agent := l.talk(t)
	if err := errors.Join(caller.Press("12#"), agent.Press("*0d")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all keys are heard", func() bool {
		return len(agent.Record().Keys) == 3 && len(caller.Record().Keys) == 3
	})
	for _, wrong := range []string{"x", "1 2"} {
		if err := caller.Press(wrong); !errors.Is(err, media.ErrKey) {
			t.Errorf("key %q: %v", wrong, err)
		}
	}
	if err := caller.Press(fmt.Sprintf("%065d", 0)); !errors.Is(err, media.ErrKeysFull) {
		t.Errorf("65 keys: %v", err)
	}
	spoke := caller.Record().RTP.Received
	eventually(t, "the sound goes on behind the keys", func() bool { return caller.Record().RTP.Received > spoke+20 })
	caller.Hangup()
	c, a := l.ends(t, caller)
	if a.Keys != "12#" || c.Keys != "*0D" {
		t.Errorf("agent heard %q, caller %q", a.Keys, c.Keys)
	}
	for _, r := range []phonesim.Record{c, a} {
		if rtp := r.RTP; rtp.Lost+rtp.OutOfOrder+rtp.Duplicates+rtp.Restarts != 0 || rtp.Other != 24 {
			t.Errorf("%s received %+v, want 8 packets for each of 3 keys and no loss", r.Role, rtp)
		}
	}
	if err := caller.Press("1"); !errors.Is(err, phonesim.ErrNotTalking) {
		t.Errorf("after the end: %v", err)
	}
}

// One key on the wire: the same stamp and a marker at its begin, a duration that grows by a
// frame, three ends, numbers without a gap.
func TestKeyOnTheWire(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, _ := call(t, l, p, phonesim.CallOptions{FirstNumber: new(uint16(65530))})
	if first := packet(t, p.rtp); binary.BigEndian.Uint16(first[2:]) != 65530 {
		t.Errorf("the first packet is number %d", binary.BigEndian.Uint16(first[2:]))
	}
	if err := leg.Press("#"); err != nil {
		t.Fatal(err)
	}
	var events [][]byte
	next := uint16(65531)
	for len(events) < 8 {
		b := packet(t, p.rtp)
		if seq := binary.BigEndian.Uint16(b[2:]); seq != next {
			t.Fatalf("packet %d follows %d", seq, next-1)
		}
		next++
		if b[1]&0x7f == 101 {
			events = append(events, b)
		}
	}
	stamp := binary.BigEndian.Uint32(events[0][4:])
	for i, b := range events {
		marker, end := b[1]&0x80 != 0, b[13]&0x80 != 0
		duration := int(binary.BigEndian.Uint16(b[14:]))
		if b[12] != 11 || marker != (i == 0) || end != (i >= 5) || duration != 160*min(i+1, 5) ||
			binary.BigEndian.Uint32(b[4:]) != stamp {
			t.Errorf("packet %d of the key is % x", i, b)
		}
	}
	if sound := packet(t, p.rtp); binary.BigEndian.Uint32(sound[4:]) != stamp+8*160 || sound[1] != 8 {
		t.Errorf("behind the key came % x", sound[:12])
	}
	leg.Hangup()
	p.reply(p.request("BYE"), 200, "")
	finish(t, leg)
}

func TestNoKeysForWhoTakesNone(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, err := l.Call(t.Context(), phonesim.CallOptions{To: "sip:95001@" + p.addr.String(), From: "1"})
	if err != nil {
		t.Fatal(err)
	}
	inv := p.request("INVITE")
	if err := leg.Press("1"); !errors.Is(err, phonesim.ErrNotTalking) {
		t.Errorf("before the answer: %v", err)
	}
	p.reply(inv, 200, strings.Replace(p.sdp("sendrecv", p.rtp), "telephone-event", "something-else", 1))
	p.request("ACK")
	packet(t, p.rtp)
	if err := leg.Press("1"); !errors.Is(err, phonesim.ErrNoKeys) {
		t.Errorf("pressed: %v", err)
	}
	leg.Hangup()
	p.reply(p.request("BYE"), 200, "")
	finish(t, leg)
}

// A held call is silent both ways and comes back.
func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	caller, agent := l.talk(t)
	if err := agent.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := [2]uint64{caller.Record().RTP.Sent, agent.Record().RTP.Sent}
	clock := newPeer(t)
	beside, _ := call(t, l, clock, phonesim.CallOptions{})
	for range 6 { // At least 100 ms.
		packet(t, clock.rtp)
	}
	if now := [2]uint64{caller.Record().RTP.Sent, agent.Record().RTP.Sent}; now != held {
		t.Errorf("on hold caller and agent sent %v, then %v", held, now)
	}
	beside.Hangup()
	clock.reply(clock.request("BYE"), 200, "")
	if err := agent.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both send again", func() bool {
		return caller.Record().RTP.Sent > held[0]+3 && agent.Record().RTP.Sent > held[1]+3
	})
	if n := caller.Record().Reinvites; n != 2 {
		t.Errorf("the caller saw %d changes of the session", n)
	}
	agent.Hangup()
	finish(t, caller)
	<-agent.Done()
	if err := agent.Hold(t.Context()); !errors.Is(err, phonesim.ErrNotTalking) {
		t.Errorf("hold after the end: %v", err)
	}
}

func TestRefusedHold(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, _ := call(t, l, p, phonesim.CallOptions{})
	packet(t, p.rtp)
	done := make(chan error, 1)
	go func() { done <- leg.Hold(t.Context()) }()
	p.reply(p.request("INVITE"), 491, "")
	p.request("ACK")
	if err := <-done; !errors.Is(err, phonesim.ErrChange) {
		t.Errorf("hold gave %v", err)
	}
	leg.Hangup()
	p.reply(p.request("BYE"), 200, "")
	finish(t, leg)
}

// A telephone at the far side of the trunk takes calls at the callers' address.
func TestOutsideTelephone(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if _, err := l.NewOutside(phonesim.OutsideOptions{}); err == nil {
		t.Error("a telephone without a number was made")
	}
	out, err := l.NewOutside(phonesim.OutsideOptions{
		Number: "13900001111",
		Behave: func(phonesim.Offer) phonesim.Action { return phonesim.Answer(20*time.Millisecond, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.NewOutside(phonesim.OutsideOptions{Number: out.Number()}); !errors.Is(err, phonesim.ErrUserTaken) {
		t.Errorf("a second one: %v", err)
	}
	dial := func(number string) *phonesim.Leg {
		leg, err := l.Call(t.Context(), phonesim.CallOptions{To: fmt.Sprintf("sip:%s@%s", number, l.CallerAddr())})
		if err != nil {
			t.Fatal(err)
		}
		return leg
	}
	expect(t, finish(t, dial("13900002222")), phonesim.ResultFailed, 404, phonesim.SideRemote)
	leg := dial(out.Number())
	l.await(t, phonesim.RoleOutside, phonesim.WhatAnswered)
	var heard phonesim.Record
	eventually(t, "both hear each other", func() bool {
		heard = out.Calls()[0].Record()
		return len(heard.Heard) > 0 && len(leg.Record().Heard) > 0
	})
	if r := leg.Record(); !r.Hears(heard.Tone) || !heard.Hears(r.Tone) || heard.Party != out.Number() {
		t.Errorf("caller %+v, outside %+v", r, heard)
	}
	out.Hangup()
	expect(t, finish(t, leg), phonesim.ResultAnswered, 200, phonesim.SideRemote)
	if n := len(out.Calls()); n > 1 {
		t.Errorf("%d calls", n)
	}
}
