package configs

import (
	"slices"
	"testing"
	"time"
)

func TestRoutingIsReadWhole(t *testing.T) {
	cfg, err := Load("testdata/good/routing.yaml", []string{"HOTLINE_ASTERISK_PASSWORD_FILE=" + secretFile(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	q, grade := cfg.Queues[0], cfg.Grades[0]
	for what, is := range map[string]bool{
		"routing":        cfg.Routing == Routing{3 * time.Second, 3, 2, 30 * time.Second},
		"levels are his": len(cfg.Levels) == 2 && cfg.Levels["高级"] == 2,
		"skill":          q.Skill == "phone" && q.HighestFirst && q.MinLevel == "0",
		"widen":          slices.Equal(q.Widen, []Widen{{10 * time.Second, "初级"}, {20 * time.Second, "0"}}),
		"help":           slices.Equal(q.Help, []Help{{30 * time.Second, "sales"}}),
		"limits":         q.MaxWaiting == 40 && q.EmptyAfter == time.Minute && q.Worth == 30*time.Second,
		"sticky":         q.StickyFor == 30*time.Minute && q.StickyWait == 20*time.Second,
		"resume":         q.ResumePlace == 5*time.Minute,
		"skills":         cfg.Agents[0].Skills["phone"] == "高级" && cfg.Agents[1].Skills["phone"] == "1",
		"who serves": cfg.Agents[0].Serves(q) && !cfg.Agents[0].Serves(cfg.Queues[1]) &&
			cfg.Agents[1].Serves(q) && cfg.Agents[1].Serves(cfg.Queues[1]),
		"auto answer":       cfg.Agents[0].AutoAnswer && !cfg.Agents[1].AutoAnswer,
		"grade":             grade.Name == "大用户" && grade.Level == "高级" && grade.Priority == 2,
		"name of a grade":   cfg.Grades[1].Name == "leased",
		"numbers of grades": slices.Equal(grade.All(), []string{"861012345678", "0108888*", "13800000001", "1380000*"}),
	} {
		if !is {
			t.Errorf("%s is not as written: %+v", what, cfg)
		}
	}
}

func TestLevelsByNameOrNumber(t *testing.T) {
	cfg := Default()
	for l, want := range map[Level]int{"": 0, "0": 0, "junior": 1, "senior": 2, "manager": 3, "9": 9} {
		if got, ok := cfg.LevelOf(l); !ok || got != want {
			t.Errorf("level %q is %d (%t), want %d", l, got, ok, want)
		}
	}
	for _, l := range []Level{"10", "-1", "Senior", "1.5", "高级"} {
		if got, ok := cfg.LevelOf(l); ok {
			t.Errorf("level %q is %d, want none", l, got)
		}
	}
}
