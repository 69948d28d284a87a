package acd

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/call"
)

func TestConfigFaultsNameFieldAndRule(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(*Config)
		want  string
	}{
		{"grace", func(c *Config) { c.RingGrace = -1 }, "RingGrace: -1ns must not be negative"},
		{"pause", func(c *Config) { c.MissPause = -1 }, "MissPause: -1ns must not be negative"},
		{"talk", func(c *Config) { c.TalkMax = -1 }, "TalkMax: -1ns must not be negative"},
		{"suspend", func(c *Config) { c.SuspendAfter = -1 }, "SuspendAfter: -1 must not be negative"},
		{"worth", func(c *Config) { c.PriorityWorth = -1 }, "PriorityWorth: -1ns must not be negative"},
		{"queue id", func(c *Config) { c.Queues[1].ID = "" }, "Queues[1].ID: must not be empty"},
		{"queue twice", func(c *Config) { c.Queues[1].ID = "care" }, `Queues[1].ID: "care" must be unique`},
		{"ring", func(c *Config) { c.Queues[0].RingFor = 0 }, "Queues[0].RingFor: 0s must be above 0"},
		{"wrap-up", func(c *Config) { c.Queues[0].WrapUp = -1 }, "Queues[0].WrapUp: -1ns must not be negative"},
		{"wait", func(c *Config) { c.Queues[0].MaxWait = -1 }, "Queues[0].MaxWait: -1ns must not be negative"},
		{"level", func(c *Config) { c.Queues[0].MinLevel = -1 }, "Queues[0].MinLevel: -1 must not be negative"},
		{"level of nothing", func(c *Config) { c.Queues[0].MinLevel = 2 }, "Queues[0].MinLevel: 2 needs a Skill"},
		{
			"widening after", func(c *Config) { c.Queues[0].Widen = []Widen{{}, {After: -1}} },
			"Queues[0].Widen[1].After: -1ns must not be negative",
		},
		{
			"widening level", func(c *Config) { c.Queues[0].Widen = []Widen{{Level: -1}} },
			"Queues[0].Widen[0].Level: -1 must not be negative",
		},
		{
			"skill without a name", func(c *Config) { c.Agents[0].Skills = map[Skill]Level{"": 1} },
			`Agents[0].Skills[""]: must have a name`,
		},
		{
			"negative skill", func(c *Config) { c.Agents[0].Skills = map[Skill]Level{"x": -1} },
			`Agents[0].Skills["x"]: -1 must not be negative`,
		},
		{"full", func(c *Config) { c.Queues[1].MaxWaiting = -1 }, "Queues[1].MaxWaiting: -1 must not be negative"},
		{"empty", func(c *Config) { c.Queues[1].EmptyAfter = -1 }, "Queues[1].EmptyAfter: -1ns must not be negative"},
		{
			"help after", func(c *Config) { c.Queues[0].Help = []Help{{-1, "sales"}} },
			"Queues[0].Help[0].After: -1ns must not be negative",
		},
		{
			"help of itself", func(c *Config) { c.Queues[0].Help = []Help{{0, "care"}} },
			`Queues[0].Help[0]: "care" must be another queue`,
		},
		{
			"help of nobody", func(c *Config) { c.Queues[0].Help = []Help{{0, "x"}} },
			`Queues[0].Help[0]: "x" must be a configured queue`,
		},
		{
			"help twice", func(c *Config) { c.Queues[0].Help = []Help{{0, "sales"}, {9, "sales"}} },
			`Queues[0].Help[1]: "sales" must not be named twice`,
		},
		{"queue's worth", func(c *Config) { c.Queues[1].Worth = -1 }, "Queues[1].Worth: -1ns must not be negative"},
		{"agent id", func(c *Config) { c.Agents[2].ID = "" }, "Agents[2].ID: must not be empty"},
		{"agent twice", func(c *Config) { c.Agents[2].ID = "ann" }, `Agents[2].ID: "ann" must be unique`},
		{
			"unknown queue", func(c *Config) { c.Agents[1].Queues[1] = "x" },
			`Agents[1].Queues[1]: "x" must be a configured queue`,
		},
		{
			"queue named twice", func(c *Config) { c.Agents[1].Queues[1] = "care" },
			`Agents[1].Queues[1]: "care" must not be named twice`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := twoQueues()
			tc.spoil(&cfg)
			_, err := New(cfg)
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("New: %v, want ErrConfig with %q", err, tc.want)
			}
		})
	}
	if err := twoQueues().Validate(); err != nil {
		t.Errorf("a good config: %v", err)
	}
}

func TestConfigDefaults(t *testing.T) {
	h := newHouse(t, Config{
		Queues: []Queue{{ID: "care", RingFor: time.Second}},
		Agents: []Agent{{ID: "ann", Queues: []call.QueueID{"care"}}},
	})
	h.do(Enter{Call: "plain", Queue: "care"})
	h.after(DefaultPriorityWorth-time.Millisecond, Enter{Call: "key", Queue: "care", Priority: 1})
	if diff := cmp.Diff([]call.ID{"key", "plain"}, h.waiting("care")); diff != "" {
		t.Errorf("worth of a priority (-want +got):\n%s", diff)
	}
	h.do(Leave{Call: "key"}, Leave{Call: "plain"})
	h.do(talks...)
	h.wantTrace(h.after(DefaultTalkMax-1, Tick{}))
	h.wantTrace(h.after(1, Tick{}), "! hang up c1-a1 system")
	h.wantTrace(h.after(DefaultRingGrace-1, Tick{}))
	h.wantTrace(h.after(1, Tick{}), "talk_ended c1-a1 system", "wrapup_ended c1 ann", "ann: talking > ready")
	h.do(Enter{Call: "c2", Queue: "care"}, OfferFailed{"c2-a1", call.Rejected})
	h.wantTrace(h.after(DefaultMissPause-1, Tick{}))
	h.wantTrace(h.after(1, Tick{}), "offered c2-a2", "ann: ready > ringing", "! ring c2-a2 ann")
}
