package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// scanPage is how many keys Redis looks at in one step of a scan.
	scanPage = 1000
	// rebuildPause is between two attempts that others got in the way of.
	rebuildPause = 50 * time.Millisecond
)

// Rebuild drops every counter and folds the whole ledger anew; it returns the last event
// folded. It is safe beside a running controller, whose Folder helps with the fold: each
// event counts once, whoever is faster. Readers have ErrRebuilding until it is level.
//
// Unlike the rebuilding that a Folder does by itself it also finds counters that the index of
// Redis has lost. ErrForeignRules says that a controller with other rules made the counters:
// the two would drop each other's, so nothing is changed.
func (s *Store) Rebuild(ctx context.Context, l Ledger) (uint64, error) {
	if err := s.indexStrays(ctx); err != nil {
		return 0, err
	}
	if err := s.dropAll(ctx, l); err != nil {
		return 0, err
	}
	s.log.Warn("live figures are rebuilt from the ledger", "why", "somebody asked for it")
	f := NewFolder(s, l)
	for {
		err := f.round(ctx)
		switch {
		case err == nil:
			return f.Status().Applied, nil
		case !errors.Is(err, errMoved) && !errors.Is(err, ErrResetBusy):
			return 0, err
		}
		if err := pause(ctx, rebuildPause); err != nil {
			return 0, err
		}
	}
}

// dropAll drops the counters, wherever they stand, unless they are those of other rules.
func (s *Store) dropAll(ctx context.Context, l Ledger) error {
	for {
		p, err := s.place(ctx)
		if err != nil {
			return err
		}
		if p.valid && p.config != s.rules.fingerprint() {
			return fmt.Errorf("%w: %s", ErrForeignRules, p.config)
		}
		base, err := baseOf(ctx, l)
		if err != nil {
			return fmt.Errorf("read the begin of the ledger: %w", err)
		}
		if err = s.reset(ctx, p, base); !errors.Is(err, ErrResetBusy) {
			return err
		}
		if err := pause(ctx, rebuildPause); err != nil {
			return err
		}
	}
}

// indexStrays puts every counter that is in Redis into the index, by which they are dropped.
func (s *Store) indexStrays(ctx context.Context) error {
	node, err := s.node(ctx)
	if err != nil {
		return err
	}
	var cursor uint64
	for {
		page, next, err := node.Scan(ctx, cursor, escapeGlob(s.keys.tagged(""))+"*", scanPage).Result()
		if err != nil {
			return plain(err)
		}
		var found []redis.Z
		for _, key := range page {
			if s.keys.isCounter(key) {
				found = append(found, redis.Z{Score: float64(s.now().Add(s.rules.Keep).Unix()), Member: key})
			}
		}
		if len(found) > 0 {
			if err := s.redis.ZAddNX(ctx, s.keys.index(), found...).Err(); err != nil {
				return plain(err)
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// escapeGlob makes a text stand for itself in a pattern of Redis.
func escapeGlob(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(text)
}

// pause waits, or gives the error of a context that ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
