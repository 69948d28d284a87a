package chaos

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/internal/testbed"
	"hotline/test/house"
)

// onRedis opens a house whose hotline reaches Redis over a line that the test can spoil.
func onRedis(t *testing.T, agents int) (*house.House, *line) {
	t.Helper()
	var wire *line
	h := house.Open(t, agents, func(c *configs.Config) {
		wire = newLine(t, c.Redis.Addr)
		c.Redis.Addr = wire.addr()
		c.Queues[0].WrapUp = 300 * time.Millisecond
	})
	return h, wire
}

// TestPeers07RedisFailsUnderLoad: Redis is killed, emptied, loads its data, becomes a replica
// that refuses writes, and is replaced by its replica, in an order by chance, while callers
// come all the time. No call notices; afterwards its figures are the ledger's.
func TestPeers07RedisFailsUnderLoad(t *testing.T) {
	dice := chance(t)
	const agents = 8
	h, wire := onRedis(t, agents)
	crowd(h, dice)
	ways := redisWays(h, wire)
	dice.Shuffle(len(ways)-1, func(i, j int) { ways[i], ways[j] = ways[j], ways[i] }) // the last one is final
	var legs []*phonesim.Leg
	for i, w := range ways {
		legs = append(legs, wave(h, dice, 1000*i, *calls/len(ways), 600*time.Millisecond)...)
		w.begin()
		began := time.Now()
		if w.name != "emptied" {
			h.Until(w.name+" is told", func() bool { return !partOK(h, "redis") })
		}
		told := time.Since(began).Round(time.Millisecond)
		pass(t, between(dice, 0, 500*time.Millisecond))
		w.end()
		back := until(h, 20*time.Second, "the figures go on", func() bool { return partOK(h, "redis") })
		t.Logf("%s: told after %v, figures go on %v after its end", w.name, told, back.Round(time.Millisecond))
	}
	h.Over(legs...)
	events := h.Settle()
	_, all := verdict(h, events, nil)
	for _, s := range all {
		house.CompareCall(t, s)
		h.CompareRecording(s)
	}
}

func redisWays(h *house.House, wire *line) []way {
	t := h.T
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	ask := func(addr, command string) string {
		answer, err := redisSays(t.Context(), addr, command)
		must(err)
		return answer
	}
	nothing := func() {}
	return []way{
		{"killed", func() { must(h.Redis.Kill()) }, func() { must(h.Redis.Restart(t.Context())) }},
		{"emptied", func() { ask(h.Redis.Addr, "FLUSHALL") }, nothing},
		{"loading", func() {
			wire.set(weather{serve: answerAlways("-LOADING Redis is loading the dataset in memory\r\n")})
		}, func() { wire.set(weather{}) }},
		{"read-only", func() { ask(h.Redis.Addr, "REPLICAOF 127.0.0.1 1") }, func() {
			ask(h.Redis.Addr, "REPLICAOF NO ONE")
		}},
		{"out of memory", func() { ask(h.Redis.Addr, "CONFIG SET maxmemory 1") }, func() {
			ask(h.Redis.Addr, "CONFIG SET maxmemory 0")
		}},
		{"failed over", func() { must(h.Redis.Kill()) }, failover(h, wire, ask)},
	}
}

// failover prepares a replica of the house's Redis and gives what makes it the new one.
func failover(h *house.House, wire *line, ask func(addr, command string) string) func() {
	t := h.T
	replica, err := testbed.StartRedis(t.Context(), testbed.RedisOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := replica.Stop(); err != nil {
			t.Error(err)
		}
	})
	host, port, err := net.SplitHostPort(h.Redis.Addr)
	if err != nil {
		t.Fatal(err)
	}
	ask(replica.Addr, "REPLICAOF "+host+" "+port)
	h.Until("the replica has a copy", func() bool {
		return strings.Contains(ask(replica.Addr, "INFO replication"), "master_link_status:up")
	})
	return func() {
		ask(replica.Addr, "REPLICAOF NO ONE")
		wire.lead(replica.Addr)
	}
}

// lead sends all further connections elsewhere and breaks the old ones.
func (p *line) lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	p.breakAll()
}

// redisSays sends one command in words and gives all that comes back.
func redisSays(ctx context.Context, addr, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c, "%s\r\nQUIT\r\n", command); err != nil {
		return "", err
	}
	text, err := io.ReadAll(c)
	if err == nil && strings.HasPrefix(string(text), "-") {
		err = fmt.Errorf("redis answers %q to %s", text, command)
	}
	return string(text), err
}

// answerAlways gives each command of Redis the same answer.
func answerAlways(answer string) func(net.Conn) error {
	return func(c net.Conn) error {
		in := bufio.NewReader(c)
		for {
			head, err := in.ReadString('\n')
			if err != nil {
				return err
			}
			words, err := strconv.Atoi(strings.Trim(head, "*\r\n"))
			if err != nil {
				return err
			}
			for range words {
				size, err := in.ReadString('\n')
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(strings.Trim(size, "$\r\n"))
				if err != nil {
					return err
				}
				if _, err := io.CopyN(io.Discard, in, int64(n)+2); err != nil {
					return err
				}
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return err
			}
		}
	}
}

// TestPeers10DispatchDoesNotWaitForRedis: with callers waiting, the time from an agent's
// readiness to the INVITE at his phone is the same whether Redis answers, hangs (SIGSTOP) or
// takes 5 s for each answer. The controller goes on acting: nobody else can have its lease.
func TestPeers10DispatchDoesNotWaitForRedis(t *testing.T) {
	dice := chance(t)
	const agents = 6
	h, wire := onRedis(t, agents)
	crowd(h, dice)
	legs := wave(h, dice, 0, agents, 100*time.Millisecond)
	h.Until("all agents talk", func() bool { return talking(h) == agents })
	stop := func(s syscall.Signal) {
		if err := h.Redis.Signal(s); err != nil {
			t.Error(err)
		}
	}
	nothing := func() {}
	spans := map[string][2]time.Time{}
	ways := []way{
		{"well", nothing, nothing},
		{"stopped", func() { stop(syscall.SIGSTOP) }, func() { stop(syscall.SIGCONT) }},
		{"5 s late", func() { wire.set(weather{delay: 5 * time.Second}) }, func() { wire.set(weather{}) }},
	}
	for i, w := range ways {
		w.begin()
		began := time.Now()
		some := hurried(h, dice, 1000*(i+1), max(3*agents, *calls*3/4))
		legs = append(legs, some...)
		until(h, time.Minute, "nobody waits any more", func() bool { return len(some)-over(some) <= agents })
		spans[w.name] = [2]time.Time{began, time.Now()}
		if health := partOK(h, "redis"); health != (w.name == "well") {
			t.Errorf("Redis %s: the health check says %t", w.name, health)
		}
		w.end()
		until(h, 20*time.Second, "Redis is back", func() bool { return partOK(h, "redis") })
	}
	h.Over(legs...)
	events := h.Settle()
	verdict(h, events, nil)
	select {
	case err := <-h.App.Failed():
		t.Errorf("the controller gave up: %v", err)
	default:
	}
	for _, w := range ways {
		gaps := idleToInvite(events, h.Sim.Ledger(), spans[w.name])
		t.Logf("Redis %s: %d times from ready to INVITE: p50 %v, p90 %v, max %v",
			w.name, len(gaps), quantile(gaps, 0.5), quantile(gaps, 0.9), quantile(gaps, 1))
		// Whoever waits for Redis waits for the limit of a command, 500 ms, at least.
		if len(gaps) < agents/2 || quantile(gaps, 0.9) > 250*time.Millisecond {
			t.Errorf("Redis %s: the next caller waits for Redis", w.name)
		}
	}
}

// hurried are callers who come at once and talk briefly.
func hurried(h *house.House, dice *rand.Rand, first, n int) []*phonesim.Leg {
	legs := make([]*phonesim.Leg, n)
	for i := range legs {
		legs[i] = h.Call(phonesim.CallOptions{
			From: house.Number(first + i), Talk: between(dice, 300*time.Millisecond, 700*time.Millisecond),
		})
	}
	return legs
}

// over counts the legs that have ended.
func over(legs []*phonesim.Leg) (n int) {
	for _, l := range legs {
		select {
		case <-l.Done():
			n++
		default:
		}
	}
	return n
}

// idleToInvite are the times from an agent's readiness, for whom somebody waited already, to
// the INVITE at his phone.
func idleToInvite(events []call.Event, records []phonesim.Record, span [2]time.Time) (gaps []time.Duration) {
	invites := map[string][]time.Time{}
	for _, r := range records {
		if r.Role == phonesim.RoleAgent {
			invites[r.Party] = append(invites[r.Party], r.Invite)
		}
	}
	readySince := map[call.AgentID]time.Time{}
	for _, e := range events {
		switch {
		case e.Kind != call.AgentChanged:
		case e.To == call.Ready:
			readySince[e.Agent] = e.At
		case e.To == call.Ringing && e.At.Equal(readySince[e.Agent]) && e.At.After(span[0]) && e.At.Before(span[1]):
			all := invites[string(e.Agent)]
			if i := slices.IndexFunc(all, func(at time.Time) bool { return at.After(e.At.Add(-time.Millisecond)) }); i >= 0 {
				gaps = append(gaps, all[i].Sub(e.At).Round(100*time.Microsecond))
			}
		}
	}
	return gaps
}

// quantile of lengths of time, which it sorts.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}
