package testbed

import (
	"os"
	"testing"
	"time"
)

func stageLog(t *testing.T) Stage {
	return func(name string, took time.Duration, err error) { t.Logf("%s: %v %v", name, took, err) }
}

func TestRealStart(t *testing.T) {
	a := RunAsterisk(t, Options{Agents: Agents(3), Stage: stageLog(t)})
	r := RunRedis(t, RedisOptions{Stage: stageLog(t)})
	t.Log(r.Addr, a.ARIURL, a.TrunkAddr, a.AgentAddr)
	text, _ := os.ReadFile(a.LogFile)
	t.Log(string(text))
	out, err := a.CLI(t.Context(), "module show")
	t.Log(out, err)
}
