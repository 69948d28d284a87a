package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hotline/configs"
	"hotline/internal/phonesim"
	"hotline/internal/testbed"
	"hotline/test/house"
)

// TestPeers10LedgerAwayInMidCall: the ledger is in PostgreSQL, which hangs while callers talk
// and then dies while others come. Callers are queued, answered and recorded as ever, the health
// check says what is wrong, and when the database is back phones, ledger, counters, report and
// recordings agree.
func TestPeers10LedgerAwayInMidCall(t *testing.T) {
	server := testbed.RunPostgres(t, testbed.PostgresOptions{})
	address, err := server.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spool := filepath.Join(t.TempDir(), "spool")
	h := house.Open(t, 2, func(c *configs.Config) {
		c.Ledger = configs.Ledger{URL: address, Password: configs.NewSecret(server.Password), Spool: spool}
	})
	for i := range 2 {
		h.Agent(i, steady)
	}
	first := h.Call(phonesim.CallOptions{From: house.Number(0), Talk: 6 * time.Second})
	h.Heard(first)
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	second := h.Call(phonesim.CallOptions{From: house.Number(1), Talk: 2 * time.Second})
	h.Over(first, second)
	h.Until("the loss is seen", func() bool { return !h.Live().Health.OK })
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	third := h.Call(phonesim.CallOptions{From: house.Number(2), Talk: 2 * time.Second})
	h.Over(third)
	h.Until("events wait on the disk", func() bool {
		left, err := os.ReadDir(spool)
		return err == nil && len(left) == 1
	})
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Until("the ledger is back", func() bool { return h.Live().Health.OK })
	fourth := h.Call(phonesim.CallOptions{From: house.Number(3), Talk: time.Second})
	h.Over(fourth)
	events := h.Settle()
	all := house.Stories(t, events, h.Sim.Ledger())
	for n := range 4 {
		house.CompareCall(t, all[house.Number(n)])
		h.CompareRecording(all[house.Number(n)])
	}
	if f := h.CompareFigures(events); f.Offered != 4 || f.Answered != 4 {
		t.Errorf("figures: %+v", f)
	}
	if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
		t.Errorf("files are left in the spool: %v, %v", left, err)
	}
}
