package testbed

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// asked runs one statement in a database and gives the first text of its answer.
func asked(t *testing.T, p *Postgres, url, statement string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.Password = p.Password
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var answer string
	if err := conn.QueryRow(t.Context(), statement).Scan(&answer); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return answer
}

// testPostgres: data outlive a crash, a stopped one does not answer, and Stop leaves nothing.
func testPostgres(t *testing.T, options PostgresOptions) {
	t.Helper()
	options.Stage = logStage(t)
	p, err := StartPostgres(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			t.Error(p.Stop())
		}
	}()
	url, err := p.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asked(t, p, url, "CREATE TABLE kept (word TEXT)")
	asked(t, p, url, "INSERT INTO kept VALUES ('yes')")
	pid := p.PID()
	if err := errors.Join(p.Kill(), p.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := asked(t, p, url, "SELECT word FROM kept"); got != "yes" || p.PID() == pid {
		t.Errorf("after a crash: %q by process %d, before it %d", got, p.PID(), pid)
	}
	if asked(t, p, url, "SHOW data_directory_mode") != "0700" {
		t.Error("the data are open to others")
	}
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	if err := p.Ping(short); err == nil {
		t.Error("a stopped PostgreSQL answers")
	}
	cancel()
	children := p.children()
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	stopped = true
	if err := p.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	for _, pid := range append(children, p.PID()) {
		until(t, "its processes are gone", func() bool { return !lives(pid) })
	}
	if _, err := os.Stat(p.dir.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there", p.dir.Path)
	}
}

func TestPostgresOfTheMachine(t *testing.T) { testPostgres(t, PostgresOptions{}) }

// TestPostgresFromPackages runs the one that a machine without PostgreSQL gets.
func TestPostgresFromPackages(t *testing.T) {
	p, err := unpackPostgres(t.Context(), logStage(t))
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(p.dir, "/usr/") {
		t.Errorf("the programs are the machine's own: %s", p.dir)
	}
	testPostgres(t, PostgresOptions{Unpacked: true})
}

// TestKilledPostgresLeavesNoMemory: what the kernel keeps for a killed one goes with Stop.
func TestKilledPostgresLeavesNoMemory(t *testing.T) {
	p, err := StartPostgres(t.Context(), PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(p.data + "/postmaster.pid")
	if err != nil {
		t.Fatal(err)
	}
	id := strings.Fields(strings.Split(string(text), "\n")[6])[1]
	held := func() bool {
		segments, err := os.ReadFile("/proc/sysvipc/shm")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(segments)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[1] == id {
				return true
			}
		}
		return false
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if !held() {
		t.Fatal("a killed one leaves nothing, so this test proves nothing")
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if held() {
		t.Error("the memory is still there")
	}
}
