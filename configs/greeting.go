package configs

import "time"

// GreetingAt returns the function that names the prompt a caller of the line hears at a
// moment (S10). It is pure and keeps nothing of the Config, so that whoever plays the
// prompt need not know of settings. "" means that no greeting is played.
func (c *Config) GreetingAt(line Line) func(time.Time) string {
	zone := c.Zone()
	periods := append([]Greeting(nil), line.Greetings...)
	return func(at time.Time) string {
		local := at.In(zone)
		now := ClockTime(local.Hour()*60 + local.Minute())
		for _, p := range periods {
			if p.covers(now) {
				return p.Prompt
			}
		}
		return line.Greeting
	}
}

// covers reports whether the period holds at a time of day, 00:00 to 23:59.
func (g Greeting) covers(now ClockTime) bool {
	if g.From < g.To {
		return g.From <= now && now < g.To
	}
	return now >= g.From || now < g.To
}

// sound reports whether the period begins and ends at times that make one.
func (g Greeting) sound() bool { return g.From < EndOfDay && g.From != g.To }

// overlaps reports whether two periods share a minute. They do exactly when one holds at
// the first minute of the other.
func (g Greeting) overlaps(other Greeting) bool {
	return g.covers(other.From) || other.covers(g.From)
}

// LineOf returns the line with a number, as the caller dialled it.
func (c *Config) LineOf(number string) (Line, bool) {
	for _, l := range c.Lines {
		if l.Number == number {
			return l, true
		}
	}
	return Line{}, false
}
