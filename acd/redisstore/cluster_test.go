package redisstore

import (
	"fmt"
	"sync/atomic"
	"testing"

	"hotline/internal/testbed"
)

// addressesOf are the addresses of some servers.
func addressesOf(servers []*testbed.Redis) []string {
	var out []string
	for _, s := range servers {
		out = append(out, s.Addr)
	}
	return out
}

// TestConformCluster runs the demands of both kinds of Redis on a real Redis Cluster of three
// nodes. Each store has another prefix, so their keys lie on all nodes.
func TestConformCluster(t *testing.T) {
	t.Parallel()
	nodes := testbed.RunRedisCluster(t, 3)
	var number atomic.Int32
	conform(t, func(t *testing.T, o Options) *Store {
		t.Helper()
		// One node is enough to find the others.
		o.Addrs, o.Cluster, o.Prefix = addressesOf(nodes)[:1], true, fmt.Sprintf("site-%d", number.Add(1))
		s, err := Open(o)
		return opened(t, s, err)
	})
}

// TestClusterNodeDies kills the node that holds our keys, without its data. The fold stands
// still, is told so, and agrees to the event when the node is back.
func TestClusterNodeDies(t *testing.T) {
	t.Parallel()
	nodes := testbed.RunRedisCluster(t, 3)
	o := testOptions(t)
	o.Addrs, o.Cluster = addressesOf(nodes), true
	s, err := Open(o)
	opened(t, s, err)
	if warnings, err := s.Check(t.Context()); err != nil || len(warnings) != 0 {
		t.Errorf("a good cluster gives %q, %v", warnings, err)
	}
	ledger := &memLedger{events: sample(1, 200, 1)}
	f, live := run(t, s, ledger), runMirror(t, s)
	f.awaitLevel(t, 200)
	live.Put(1, entered, "before")
	live.await(t, 1)

	var ours *testbed.Redis
	for _, node := range nodes {
		if n, err := node.Say(t.Context(), "DBSIZE"); err != nil || n != "0" {
			ours = node
		}
	}
	if ours == nil {
		t.Fatal("no node holds our keys")
	}
	if err := ours.Kill(); err != nil {
		t.Fatal(err)
	}
	ledger.append(sample(201, 100, 2)...)
	f.Wake()
	live.Put(2, entered, "meanwhile")
	f.await(t, "fault", func(st Status) bool { return st.Err != nil })
	if err := ours.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.awaitLevel(t, 300)
	mustAgree(t.Context(), t, s, ledger.all())
	mustVerify(t.Context(), t, s, ledger)
	live.await(t, 2)
}
