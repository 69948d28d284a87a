package app

import (
	"context"
	"time"

	"hotline/acd"
	"hotline/call"
	"hotline/callflow"
	"hotline/configs"
)

// startACD makes the engine and what tells it of a caller: his grade and his earlier calls.
func (a *App) startACD(ctx context.Context) error {
	engine, err := acd.New(acdConfig(a.cfg))
	if err != nil {
		return err
	}
	a.grades, a.dialer = newGrades(a.cfg), newDialer(a.cfg, a.outsideLegs)
	a.dialling = make(chan struct{}, diallingBound)
	if err := a.startBook(ctx); err != nil {
		return err
	}
	if err := a.startCallbacks(ctx); err != nil {
		return err
	}
	if err := a.startEstimator(ctx, acdConfig(a.cfg)); err != nil {
		return err
	}
	a.acd, err = acd.NewDispatcher(engine, acd.Options{
		Record: a.Record,
		Act:    a.act,
	})
	return err
}

// acdConfig brings the settings into the form of the engine.
func acdConfig(c *configs.Config) acd.Config {
	out := acd.Config{
		MissPause: c.Routing.MissPause, SuspendAfter: c.Routing.SuspendAfter, PriorityWorth: c.Routing.PriorityWorth,
		CallbackTurn: c.Routing.CallbackTurn,
	}
	for _, q := range c.Queues {
		to := acd.Queue{
			ID: q.ID, RingFor: q.RingFor, WrapUp: q.WrapUp, MaxWait: q.MaxWait, Worth: q.Worth,
			Skill: acd.Skill(q.Skill), MinLevel: level(c, q.MinLevel), HighestFirst: q.HighestFirst,
			MaxWaiting: q.MaxWaiting, EmptyAfter: q.EmptyAfter,
		}
		for _, w := range q.Widen {
			to.Widen = append(to.Widen, acd.Widen{After: w.After, Level: level(c, w.Level)})
		}
		for _, h := range q.Help {
			to.Help = append(to.Help, acd.Help{After: h.After, Queue: h.Queue})
		}
		out.Queues = append(out.Queues, to)
	}
	for _, g := range c.Agents {
		to := acd.Agent{ID: g.ID, Queues: g.Queues}
		for skill, l := range g.Skills {
			if to.Skills == nil {
				to.Skills = map[acd.Skill]acd.Level{}
			}
			to.Skills[acd.Skill(skill)] = level(c, l)
		}
		out.Agents = append(out.Agents, to)
	}
	return out
}

// level is the number of a level that Validate has let through.
func level(c *configs.Config, l configs.Level) acd.Level {
	n, _ := c.LevelOf(l)
	return acd.Level(n)
}

// customer is a kind of customer as it counts for routing.
type customer struct {
	callflow.Grade
	level    acd.Level
	priority int
}

// grades finds the grade of a number.
type grades struct {
	list   []customer
	exact  map[string]int // number -> place in list
	begins map[string]int // beginning of numbers -> place in list
}

func newGrades(c *configs.Config) grades {
	g := grades{exact: map[string]int{}, begins: map[string]int{}}
	for i, from := range c.Grades {
		g.list = append(g.list, customer{
			Grade: callflow.Grade{ID: from.ID, Name: from.Name},
			level: level(c, from.Level), priority: from.Priority,
		})
		for _, n := range from.All() {
			if last := len(n) - 1; n[last] == '*' {
				g.begins[n[:last]] = i
			} else {
				g.exact[n] = i
			}
		}
	}
	return g
}

// of is the grade of a caller: of the number itself, or of the longest beginning.
func (g grades) of(number string) customer {
	digits := configs.Digits(number)
	if i, ok := g.exact[digits]; ok {
		return g.list[i]
	}
	for n := len(digits); n > 0; n-- {
		if i, ok := g.begins[digits[:n]]; ok {
			return g.list[i]
		}
	}
	return customer{}
}

// standing is how a caller enters a queue. A level means nothing where the queue asks for no
// skill: there all agents are alike.
func (a *App) standing(who callflow.Arrival, id call.QueueID) callflow.Standing {
	var q configs.Queue
	for _, known := range a.cfg.Queues {
		if known.ID == id {
			q = known
		}
	}
	g := a.grades.of(who.Number)
	s := callflow.Standing{Priority: g.priority}
	if q.Skill != "" {
		s.Level = g.level
	}
	s.Place = a.callbacks.placeOf(who.Number, id)
	if a.book == nil || who.Number == "" {
		return s
	}
	p := a.book.of(who.Number)
	within := func(since time.Time, limit time.Duration) bool {
		return limit > 0 && !since.IsZero() && who.Begin.Sub(since) <= limit
	}
	if within(p.talked, q.StickyFor) {
		s.Prefer, s.PreferFor = p.agent, q.StickyWait
	}
	if s.Place.IsZero() && p.queue == id && within(p.left, q.ResumePlace) {
		s.Place = p.place
	}
	return s
}
