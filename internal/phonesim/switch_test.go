package phonesim_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"hotline/internal/phonesim"
	"hotline/internal/phonesim/g711"
	"hotline/internal/phonesim/tone"
)

// call dials the peer, which answers at once.
func call(t *testing.T, l *lab, p *peer, opts phonesim.CallOptions) (*phonesim.Leg, dialled) {
	t.Helper()
	opts.To, opts.From = "sip:95001@"+p.addr.String(), "13800138000"
	leg, err := l.Call(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	inv := p.request("INVITE")
	p.reply(inv, 200, p.sdp("sendrecv", p.rtp))
	p.request("ACK")
	return leg, dialled{inv}
}

func TestCallerAbandonsWhenNobodySpeaks(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, d := call(t, l, p, phonesim.CallOptions{Patience: 150 * time.Millisecond})
	p.speak(d.invite, 4) // The code of another caller.
	p.reply(p.request("BYE"), 200, "")
	r := finish(t, leg)
	expect(t, r, phonesim.ResultAbandoned, 200, phonesim.SideLocal)
	if !r.Hears(4) {
		t.Errorf("heard %+v, want code 4 too", r.Heard)
	}
	if waited := r.Ended.Sub(r.Invite); waited < 150*time.Millisecond || waited > time.Second {
		t.Errorf("gave up after %v, want 150 ms", waited)
	}
}

func TestCallerIsUnservedWhenTheSwitchHangsUp(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, d := call(t, l, p, phonesim.CallOptions{})
	p.inDialog(d.invite, "BYE", 2, "")
	p.response(200)
	expect(t, finish(t, leg), phonesim.ResultUnserved, 200, phonesim.SideRemote)
	p.inDialog(d.invite, "BYE", 3, "")
	p.response(481)
}

// The caller's first sound must be on the wire at once, and must be the code
// that the ledger names.
func TestCallerSpeaksItsCode(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, _ := call(t, l, p, phonesim.CallOptions{})
	pcm := make([]int16, 160)
	g711.ALaw.DecodeTo(pcm, packet(t, p.rtp)[12:])
	if n, ok := tone.Detect(pcm); !ok || n != leg.Record().Tone {
		t.Errorf("spoke code %d, %v; the ledger says %d", n, ok, leg.Record().Tone)
	}
	leg.Hangup()
	p.reply(p.request("BYE"), 200, "")
	expect(t, finish(t, leg), phonesim.ResultAbandoned, 200, phonesim.SideLocal)
}

func TestReinviteMovesAndHoldsTheAudio(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, d := call(t, l, p, phonesim.CallOptions{})
	packet(t, p.rtp)

	elsewhere := listen(t)
	p.inDialog(d.invite, "INVITE", 2, p.sdp("sendrecv", elsewhere))
	if body := string(p.response(200).Body()); !strings.Contains(body, "a=sendrecv") {
		t.Errorf("answered %q, want sendrecv", body)
	}
	p.inDialog(d.invite, "ACK", 2, "")
	packet(t, elsewhere)

	p.inDialog(d.invite, "INVITE", 3, p.sdp("sendonly", elsewhere))
	if body := string(p.response(200).Body()); !strings.Contains(body, "a=recvonly") {
		t.Errorf("answered %q, want recvonly", body)
	}
	p.inDialog(d.invite, "ACK", 3, "")
	held := leg.Record().RTP.Sent
	clock := newPeer(t)
	beside, _ := call(t, l, clock, phonesim.CallOptions{})
	for range 6 { // At least 100 ms.
		packet(t, clock.rtp)
	}
	if sent := leg.Record().RTP.Sent; sent != held {
		t.Errorf("%d packets were sent on hold", sent-held)
	}
	beside.Hangup()
	clock.reply(clock.request("BYE"), 200, "")

	p.inDialog(d.invite, "INVITE", 4, strings.Replace(p.sdp("sendrecv", elsewhere), "AVP 8 101", "AVP 18", 1))
	p.response(488)
	p.inDialog(d.invite, "ACK", 4, "")
	p.inDialog(d.invite, "BYE", 5, "")
	if r := finish(t, leg); r.Reinvites != 3 || r.Result != phonesim.ResultUnserved {
		t.Errorf("record %+v, want 3 changes of the session and the call alive after each", r)
	}
}

// The 200 crosses the CANCEL: the caller must take the call and hang it up, or
// the other side would keep a call that nobody holds.
func TestAnswerThatCrossesTheCancelIsHungUp(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, err := l.Call(t.Context(), phonesim.CallOptions{To: "sip:1@" + p.addr.String(), Patience: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	inv := p.request("INVITE")
	p.reply(inv, 180, "")
	p.reply(p.request("CANCEL"), 200, "")
	p.reply(inv, 200, p.sdp("sendrecv", p.rtp))
	p.request("ACK")
	p.reply(p.request("BYE"), 200, "")
	r := finish(t, leg)
	expect(t, r, phonesim.ResultAbandoned, 200, phonesim.SideLocal)
	if r.Ringing.IsZero() || r.Acked.IsZero() {
		t.Errorf("record %+v lacks ringing or ACK", r)
	}
}

// No CANCEL may be sent before a provisional response.
func TestCancelWaitsForTheFirstSignOfLife(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, err := l.Call(t.Context(), phonesim.CallOptions{To: "sip:1@" + p.addr.String()})
	if err != nil {
		t.Fatal(err)
	}
	inv := p.request("INVITE")
	leg.Hangup()
	next := p.read("any message", func(sip.Message) bool { return true })
	if again, ok := next.(*sip.Request); !ok || again.Method != "INVITE" {
		t.Errorf("%s came before a sign of life, want the INVITE repeated", next.CSeq().Value())
	}
	p.reply(inv, 100, "")
	p.reply(p.request("CANCEL"), 200, "")
	p.reply(inv, 487, "")
	p.request("ACK")
	expect(t, finish(t, leg), phonesim.ResultCancelled, 487, phonesim.SideLocal)
}

func TestRepeated200IsAcknowledgedAgain(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, d := call(t, l, p, phonesim.CallOptions{})
	p.reply(d.invite, 200, p.sdp("sendrecv", p.rtp))
	p.request("ACK")
	leg.Hangup()
	p.reply(p.request("BYE"), 200, "")
	finish(t, leg)
}

func TestEarlyMediaIsHeardBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	leg, err := l.Call(t.Context(), phonesim.CallOptions{To: "sip:1@" + p.addr.String()})
	if err != nil {
		t.Fatal(err)
	}
	inv := p.request("INVITE")
	p.reply(inv, 183, p.sdp("sendrecv", p.rtp))
	l.await(t, phonesim.RoleCaller, phonesim.WhatRinging)
	p.speak(inv, tone.Codes-1)
	select {
	case <-leg.Heard():
	case <-time.After(limit):
		t.Fatal("early media was not heard")
	}
	p.reply(inv, 486, "")
	p.request("ACK")
	r := finish(t, leg)
	expect(t, r, phonesim.ResultBusy, 486, phonesim.SideRemote)
	if !r.Hears(tone.Codes-1) || r.RTP.Sent != 0 {
		t.Errorf("record %+v, want the code heard and nothing sent", r)
	}
}

func TestTargetsMustBeOnLoopback(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	for _, to := range []string{"sip:1@192.0.2.1:5060", "sip:1@example.org", "sip:1@127.0.0.1.example.org"} {
		if _, err := l.Call(t.Context(), phonesim.CallOptions{To: to}); !errors.Is(err, phonesim.ErrNotLoopback) {
			t.Errorf("dialling %s: %v, want ErrNotLoopback", to, err)
		}
	}
	for _, to := range []string{"", "95001", "sip:127.0.0.1", "tel:95001"} {
		if _, err := l.Call(t.Context(), phonesim.CallOptions{To: to}); !errors.Is(err, phonesim.ErrTarget) {
			t.Errorf("dialling %q: %v, want ErrTarget", to, err)
		}
	}
	_, err := l.NewAgent(t.Context(), phonesim.AgentOptions{User: "a1", Registrar: "192.0.2.1:5060"})
	if !errors.Is(err, phonesim.ErrNotLoopback) {
		t.Errorf("registering abroad: %v, want ErrNotLoopback", err)
	}
	if n := len(l.Ledger()); n != 0 {
		t.Errorf("%d legs in the ledger, want none", n)
	}
}

func TestSilentTargetFailsTheCall(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	sim, err := phonesim.New(phonesim.Options{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Sim: sim}
	t.Cleanup(func() { l.close(t) })
	leg, err := l.Call(t.Context(), phonesim.CallOptions{To: "sip:1@" + p.addr.String()})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, finish(t, leg), phonesim.ResultFailed, 0, phonesim.SideLocal)
}

func TestLedgerIsWrittenAsJSONLines(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.agent(t, "a1001", phonesim.Reject(0, 603))
	l.ends(t, l.dial(t, "a1001", phonesim.CallOptions{}))
	var b bytes.Buffer
	if err := phonesim.WriteJSON(&b, l.Ledger()...); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("wrote %d lines, want 2:\n%s", len(lines), b.String())
	}
	for _, want := range []string{`"result":"rejected"`, `"code":603`, `"invite":"2`, `"heard":[]`, `"rtp":{`} {
		if !strings.Contains(lines[0], want) || !strings.Contains(lines[1], want) {
			t.Errorf("a line lacks %s:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "answered") {
		t.Errorf("a moment that never was is written:\n%s", b.String())
	}
}
