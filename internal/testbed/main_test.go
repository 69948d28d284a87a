package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test binary play the program that is killed.
const childEnv = "TESTBED_CHILD"

// childReport is what the child prints once its servers run.
type childReport struct {
	PIDs []int
	Dirs []string
}

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(runChild())
	}
	goleak.VerifyTestMain(m)
}

// runChild starts the servers, reports them, and waits to be killed. It ends
// by itself when its input is closed, so a broken test leaves nothing either.
func runChild() int {
	a, err := StartAsterisk(context.Background(), Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	r, err := StartRedis(context.Background(), RedisOptions{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p, err := StartPostgres(context.Background(), PostgresOptions{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	report := childReport{
		PIDs: append([]int{a.PID(), r.PID(), p.PID()}, p.children()...),
		Dirs: []string{a.dir.Path, r.dir.Path, p.dir.Path},
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}
