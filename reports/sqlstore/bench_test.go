package sqlstore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"hotline/call"
)

func BenchmarkAppend(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batch := make([]call.Event, 512)
	at := time.Now()
	for i := range batch {
		batch[i] = call.Event{
			Kind: call.Answered, At: at, Call: call.ID(fmt.Sprint(i)), Queue: "complaints", Entered: at,
			Agent: "ann", Offer: "offer-12345", Wait: 1234, Ring: 567,
		}
	}
	for n := 0; b.Loop(); n++ {
		for i := range batch { // five events a call, and calls that are new
			batch[i].Call = call.ID(fmt.Sprintf("%d.%d", n, i/5))
		}
		if _, err := s.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "events/s")
}
