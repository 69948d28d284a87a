package configs

import (
	"fmt"
	"time"

	"hotline/call"
	"hotline/configs/prompts"
)

func (c *Config) checkHolidays(r *rules) {
	seen := map[Date]bool{}
	for i, h := range c.Holidays {
		key := fmt.Sprintf("holidays[%d]", i)
		first, last, ok := h.span()
		r.must(h.Date != "", key+".date", "must be a date such as 2026-10-01")
		r.must(h.Date == "" || ok, key+".until", "must be no earlier than date and at most %d days later", holidayMax)
		for day := first; ok && !day.After(last); day = day.AddDate(0, 0, 1) {
			date := Date(day.Format(time.DateOnly))
			r.must(!seen[date], key+".date", againRule, date)
			seen[date] = true
		}
	}
}

// checkDoors holds when a line is open, where it leads and what it offers otherwise.
func (l Line) checkDoors(r *rules, key string, queues map[call.QueueID]bool) {
	for i, p := range l.Hours {
		p.check(r, fmt.Sprintf("%s.hours[%d]", key, i))
	}
	for i, route := range l.Routes {
		at := fmt.Sprintf("%s.routes[%d]", key, i)
		p := route.opening()
		p.check(r, at)
		r.must(queues[route.Queue], at+".queue", queueRule, route.Queue)
		for j, other := range l.Routes[:i] {
			both := p.sound() && other.opening().sound()
			r.must(!both || !p.overlaps(other.opening()), at, "must not overlap %s.routes[%d] (%s to %s)",
				key, j, other.From, other.To)
		}
	}
	r.must(l.Closed == "" || prompts.Known(l.Closed), key+".closed", promptRule, l.Closed)
	r.must(l.RecordingNotice == "" || prompts.Known(l.RecordingNotice), key+".recording_notice", promptRule,
		l.RecordingNotice)
	occasions := map[Occasion]bool{}
	for i, o := range l.Messages {
		r.must(!occasions[o], fmt.Sprintf("%s.messages[%d]", key, i), againRule, o)
		occasions[o] = true
	}
	r.must(keyPattern.MatchString(l.MessageKey), key+".message_key", "must be one key, 0 to 9 or *, not %q", l.MessageKey)
	r.duration(key+".message_max", l.MessageMax, 10*time.Second, time.Hour)
}

func (p Opening) check(r *rules, key string) {
	r.must(p.From < EndOfDay, key+".from", "must be before 24:00")
	r.must(p.From != p.To, key+".to", "must differ from from; a whole day is 00:00 to 24:00")
}

func (s Survey) check(r *rules, key string) {
	r.must(s.Prompt == "" || prompts.Known(s.Prompt), key+".prompt", promptRule, s.Prompt)
	r.must(s.Percent >= 0 && s.Percent <= 100, key+".percent", "must be from 0 to 100, not %d", s.Percent)
}
