package redisstore

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	LogLibrary(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(
		m,
		// After a failed connection the library looks for the server once a second, and
		// sees the end of the pool up to a second late.
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"),
	)
}
