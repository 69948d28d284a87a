package redisstore

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hotline/internal/testbed"
)

// TestConformEmbedded and TestConformReal run the same demands on both kinds of Redis.
func TestConformEmbedded(t *testing.T) {
	t.Parallel()
	conform(t, func(t *testing.T, o Options) *Store {
		t.Helper()
		s, err := Embedded(o)
		return opened(t, s, err)
	})
}

func TestConformReal(t *testing.T) {
	t.Parallel()
	server := testbed.RunRedis(t, testbed.RedisOptions{})
	var number atomic.Int32
	conform(t, func(t *testing.T, o Options) *Store {
		t.Helper()
		o.Addr, o.Prefix = server.Addr, fmt.Sprintf("site-%d", number.Add(1))
		s, err := Open(o)
		return opened(t, s, err)
	})
}

func opened(t *testing.T, s *Store, err error) *Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// again opens a second Store on the same Redis, as another process would.
func again(t *testing.T, s *Store, r Rules) *Store {
	t.Helper()
	o := Options{
		Prefix: string(s.keys), Rules: r, Now: s.now,
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
	}
	switch c := s.redis.(type) {
	case *redis.Client:
		o.Addr, o.Password = c.Options().Addr, c.Options().Password
	case *redis.ClusterClient:
		o.Addrs, o.Cluster = c.Options().Addrs, true
	}
	second, err := Open(o)
	return opened(t, second, err)
}

// wipe removes all keys of a store at once, as FLUSHALL would.
func wipe(t *testing.T, s *Store) {
	t.Helper()
	const text = `for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end return 1`
	if err := s.redis.Eval(t.Context(), text, []string{s.keys.seq()}, s.keys.tagged("*")).Err(); err != nil {
		t.Fatal(err)
	}
}

// opening opens a Store whose keys nobody else uses.
type opening func(t *testing.T, o Options) *Store

func conform(t *testing.T, open opening) {
	for name, demand := range map[string]func(*testing.T, *Store){
		"each event counts once":              eachEventCountsOnce,
		"follows the ledger":                  followsTheLedger,
		"two folders":                         twoFolders,
		"lost data":                           lostData,
		"a ledger that has forgotten":         forgottenBegin,
		"lost number":                         lostNumber,
		"other rules":                         otherRules,
		"foreign rules":                       foreignRules,
		"batch by other rules":                batchByOtherRules,
		"ahead of the ledger":                 aheadOfTheLedger,
		"another ledger":                      anotherLedger,
		"gap in the ledger":                   gapInTheLedger,
		"unmapped event":                      unmappedEvent,
		"key that is not ours":                keyThatIsNotOurs,
		"one at a time drops":                 oneAtATimeDrops,
		"drops all and nothing else":          dropsAllAndNothingElse,
		"counters expire":                     countersExpire,
		"scripts are sent again when unknown": scriptsAreSentAgain,
		"today":                               today,
		"rows add up":                         rowsAddUp,
		"teams add up":                        teamsAddUp,
		"verify sees every difference":        verifySeesAll,
		"verify beside a fold":                verifyBesideAFold,
		"verify keeps to its days":            verifyKeepsToItsDays,
		"verify refuses":                      verifyRefuses,
		"rebuild beside a folder":             rebuildBesideAFolder,
		"mirror":                              mirror,
		"mirror under load":                   mirrorUnderLoad,
		"state that cannot be written":        unwritable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			demand(t, open(t, testOptions(t)))
		})
	}
}

// ages is how long counters live in tests, by the clock of a real Redis.
const ages = 20 * 366 * 24 * time.Hour

// testOptions are patient, because a machine that is busy with other tests is no fault.
func testOptions(t *testing.T) Options {
	t.Helper()
	return Options{
		Rules:       Rules{Zone: shanghai(t), Keep: ages, Cells: ages}, // the events are of a fixed day
		Now:         func() time.Time { return entered.Add(2 * time.Hour) },
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
	}
}

// eachEventCountsOnce sends batches in any order, twice, too early and overlapping, drops

// foreignRules lets a second process with other rules take over. The first must say so and
