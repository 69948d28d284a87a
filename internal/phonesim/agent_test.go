package phonesim_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"hotline/internal/phonesim"
	"hotline/internal/phonesim/tone"
)

const password = "correct horse"

// register plays the registrar for one REGISTER: challenge, check, grant. It
// returns the life that the telephone asked for.
func (p *peer) register(user string, grant int) (asked int) {
	p.t.Helper()
	chal := digest.Challenge{Realm: "test", Nonce: "n1", Algorithm: "MD5", QOP: []string{"auth"}}
	p.reply(p.request("REGISTER"), 401, "", "WWW-Authenticate: "+chal.String())
	req := p.request("REGISTER")
	h := req.GetHeader("Authorization")
	if h == nil {
		p.t.Fatal("REGISTER repeated without an answer to the challenge")
	}
	cred, err := digest.ParseCredentials(h.Value())
	if err != nil {
		p.t.Fatal(err)
	}
	want, err := digest.Digest(&chal, digest.Options{
		Method: "REGISTER", URI: cred.URI, Username: user, Password: password, Cnonce: cred.Cnonce, Count: cred.Nc,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if cred.Username != user || cred.Response != want.Response {
		p.reply(req, 403, "")
		return 0
	}
	asked, err = strconv.Atoi(req.GetHeader("Expires").Value())
	if err != nil {
		p.t.Fatal(err)
	}
	p.reply(req, 200, "", fmt.Sprintf("Expires: %d", min(asked, grant)))
	return asked
}

// begin runs NewAgent beside the registrar that the test plays.
func begin(t *testing.T, l *lab, opts phonesim.AgentOptions) (made <-chan error, agent func() *phonesim.Agent) {
	t.Helper()
	done := make(chan error, 1)
	var a *phonesim.Agent
	go func() {
		var err error
		a, err = l.NewAgent(t.Context(), opts)
		done <- err
	}()
	return done, func() *phonesim.Agent { return a }
}

func wait(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		t.Fatalf("not done within %v", limit)
		return nil
	}
}

func TestAgentRegistersRenewsAndUnregisters(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	made, _ := begin(t, l, phonesim.AgentOptions{User: "a1001", Password: password, Registrar: p.addr.String()})
	if asked := p.register("a1001", 1); asked != 120 {
		t.Errorf("asked for %d s, want 120", asked)
	}
	if err := wait(t, made); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		granted := time.Now()
		p.register("a1001", 1)
		if d := time.Since(granted); d < time.Second || d > 3*time.Second {
			t.Errorf("renewed %v after a grant of less than 2 s", d)
		}
	}
	closed := make(chan error, 1)
	go func() { l.close(t); closed <- nil }()
	if asked := p.register("a1001", 0); asked != 0 {
		t.Errorf("asked for %d s at the end, want 0", asked)
	}
	if err := wait(t, closed); err != nil {
		t.Fatal(err)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	made, _ := begin(t, l, phonesim.AgentOptions{User: "a1001", Password: "wrong", Registrar: p.addr.String()})
	p.register("a1001", 60)
	if err := wait(t, made); !errors.Is(err, phonesim.ErrRegister) {
		t.Errorf("error %v, want ErrRegister", err)
	}
	if _, err := l.NewAgent(t.Context(), phonesim.AgentOptions{User: "a1001"}); err != nil {
		t.Errorf("the name of a telephone that failed is not free: %v", err)
	}
	if _, err := l.NewAgent(t.Context(), phonesim.AgentOptions{User: "a1001"}); !errors.Is(err, phonesim.ErrUserTaken) {
		t.Errorf("second telephone: %v, want ErrUserTaken", err)
	}
}

func TestUnregisteredPhoneIsOff(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	made, agent := begin(t, l, phonesim.AgentOptions{User: "a1001", Password: password, Registrar: p.addr.String()})
	p.register("a1001", 60)
	if err := wait(t, made); err != nil {
		t.Fatal(err)
	}
	p.options(l, "a1001", 200)
	p.options(l, "a9999", 404)

	off := make(chan error, 1)
	go func() { off <- agent().Unregister(t.Context()) }()
	p.register("a1001", 0)
	if err := wait(t, off); err != nil {
		t.Fatal(err)
	}
	p.options(l, "a1001", 404)
	p.ring(l.AgentAddr(), "a1001", p.sdp("sendrecv", p.rtp))
	p.response(404)
}

func (p *peer) options(l *lab, user string, want int) {
	p.t.Helper()
	uri := fmt.Sprintf("sip:%s@%s", user, l.AgentAddr())
	p.ask("OPTIONS", uri, "", line{"From", "<sip:peer@127.0.0.1>;tag=o"}, line{"To", "<" + uri + ">"},
		line{"Call-ID", fmt.Sprintf("%s-options-%d", p.t.Name(), p.branch)}, line{"CSeq", "1 OPTIONS"})
	p.response(want)
}

// Without an ACK the 200 must be repeated, and the call be hung up in the end.
func TestAgentHangsUpWhenNoAckComes(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	sim, err := phonesim.New(phonesim.Options{Timeout: 800 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Sim: sim}
	t.Cleanup(func() { l.close(t) })
	l.agent(t, "a1001", phonesim.Answer(0, 0))
	p.ring(l.AgentAddr(), "a1001", p.sdp("sendrecv", p.rtp))
	p.response(200)
	p.response(200)
	p.reply(p.request("BYE"), 200, "")
	expect(t, l.Ledger()[0], phonesim.ResultFailed, 200, phonesim.SideLocal)
}

func TestAgentRefusesAnOfferWithoutAudio(t *testing.T) {
	t.Parallel()
	l, p := newLab(t), newPeer(t)
	l.agent(t, "a1001", phonesim.Answer(0, 0))
	for _, body := range []string{"", strings.Replace(p.sdp("sendrecv", p.rtp), "AVP 8 101", "AVP 18", 1)} {
		p.ring(l.AgentAddr(), "a1001", body)
		p.response(488)
		l.await(t, phonesim.RoleAgent, phonesim.WhatEnded)
	}
}

// A telephone that speaks from a recording must still be known by its code.
func TestRecordedSpeechBeginsWithTheCode(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	act := phonesim.Answer(0, 0)
	act.Audio = phonesim.NewAudio(make([]int16, 8000), true)
	l.agent(t, "a1001", act)
	caller, agent := l.ends(t, l.dial(t, "a1001", phonesim.CallOptions{Talk: 700 * time.Millisecond}))
	if len(caller.Heard) != 1 || caller.Heard[0].Tone != agent.Tone {
		t.Fatalf("caller heard %+v, want code %d", caller.Heard, agent.Tone)
	}
	if n := caller.Heard[0].Windows; n < 15 || n > 20 {
		t.Errorf("the code lasted %d windows, want 20 less what was lost before the caller listened", n)
	}
	if len(agent.Heard) != 1 || agent.Heard[0].Tone != caller.Tone || agent.Heard[0].Windows < 25 {
		t.Errorf("agent heard %+v, want code %d all the time", agent.Heard, caller.Tone)
	}
}

func TestRolesHaveTheirOwnCodes(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.agent(t, "a1001", phonesim.Answer(0, 0))
	seen := make(map[int]bool)
	for range 3 {
		leg := l.dial(t, "a1001", phonesim.CallOptions{Talk: time.Millisecond})
		finish(t, leg)
		l.await(t, phonesim.RoleAgent, phonesim.WhatEnded)
	}
	for _, r := range l.Ledger() {
		if upper := r.Tone >= tone.Codes/2; upper != (r.Role == phonesim.RoleAgent) || seen[r.Tone] {
			t.Errorf("%s speaks code %d", r.Role, r.Tone)
		}
		seen[r.Tone] = true
	}
}

// dialled is a call that a telephone made to the peer.
type dialled struct{ invite *sip.Request }

// speak sends a code from the peer to the audio address in an INVITE's body.
func (p *peer) speak(inv *sip.Request, code int) {
	p.t.Helper()
	sendTone(p.t, p.rtp, inv.Body(), code)
}
