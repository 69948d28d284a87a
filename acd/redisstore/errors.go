package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// What can be wrong with a Redis, in words that an operator can act on. The cause is
// wrapped behind them.
var (
	ErrUnreachable = errors.New("redis is unreachable")
	ErrRefused     = errors.New("redis refused the user or password")
	ErrNotWritable = errors.New("redis takes no writes")
	ErrTooOld      = errors.New("redis is too old")
)

// What can be wrong between the ledger and the counters.
var (
	ErrGap          = errors.New("the ledger has a gap")
	ErrForeignRules = errors.New("another process made the counters by other rules")
	ErrResetBusy    = errors.New("another process drops the counters or has just done so")
	ErrRebuilding   = errors.New("the figures are being rebuilt from the ledger")
	ErrBroken       = errors.New("a counter could not be written and the counters were given up")
)

// errMoved says that the counters stand elsewhere than the batch assumed: another process
// applied events, or Redis lost its data or was set back.
var errMoved = errors.New("the counters stand elsewhere")

// plain puts one of the sentinels in front of an error of Redis. An answer of Redis that
// is none of them, and the end of the caller's own context, are returned as they are.
func plain(err error) error {
	var netErr net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, redis.Nil):
		return err
	case startsWith(err, "NOAUTH", "WRONGPASS", "NOPERM", "ERR invalid password", "ERR AUTH"):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case startsWith(err, "READONLY", "LOADING", "OOM", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "BUSY"):
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	case errors.As(err, &netErr), errors.Is(err, context.DeadlineExceeded), !isAnswer(err):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	default:
		return fmt.Errorf("redis: %w", err)
	}
}

// isAnswer tells an error that Redis answered from one of the connection.
func isAnswer(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

// startsWith compares the code in front of an answer of Redis. Scripts hand on the code of
// the command that failed in them.
func startsWith(err error, codes ...string) bool {
	if !isAnswer(err) {
		return false
	}
	for _, code := range codes {
		if strings.HasPrefix(err.Error(), code) {
			return true
		}
	}
	return false
}
