package sim

import (
	"flag"
	"fmt"
	"testing"

	"go.uber.org/goleak"
)

var (
	seedFlag  = flag.Uint64("sim.seed", 0, "play this seed alone; 0 = from 1 on")
	seedsFlag = flag.Uint64("sim.seeds", 17, "how many seeds for each weather")
	callsFlag = flag.Int("sim.calls", 200, "calls in each run")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCalm(t *testing.T)  { seeds(t, "calm", calm) }
func TestUsual(t *testing.T) { seeds(t, "usual", usual) }
func TestStorm(t *testing.T) { seeds(t, "stormy", storm) }

func seeds(t *testing.T, name string, of func(dice) weather) {
	first, last := uint64(1), *seedsFlag
	if *seedFlag != 0 {
		first, last = *seedFlag, *seedFlag
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { run(t, seed, *callsFlag, name, of) })
	}
}
