package app

import (
	"time"

	"hotline/configs"
	"hotline/configs/asterisk"
)

// fallbackPrefix begins the name of the queue in Asterisk that takes a queue's calls while
// no controller is there; the queue's id follows.
const fallbackPrefix = "hl-"

// Fallback are the queues of Asterisk's own that take the calls while no controller is
// there: the same agents, rung for as long, with the same after-call work. A number that
// the dialplan cannot meet is left out.
func Fallback(cfg *configs.Config) ([]asterisk.Queue, []asterisk.Line) {
	var queues []asterisk.Queue
	var lines []asterisk.Line
	for _, q := range cfg.Queues {
		own := asterisk.Queue{
			Name: fallbackPrefix + string(q.ID), RingFor: max(1, wholeSeconds(q.RingFor)),
			WrapUp: wholeSeconds(q.WrapUp), Music: q.MusicClass,
		}
		for _, g := range cfg.Agents {
			if g.Serves(q) {
				own.Members = append(own.Members, g.Endpoint)
			}
		}
		queues = append(queues, own)
		for _, l := range cfg.Lines {
			if l.Queue == q.ID && asterisk.IsNumber(l.Number) {
				lines = append(lines, asterisk.Line{
					Number: l.Number, Queue: own.Name, MaxWait: wholeSeconds(q.MaxWait),
				})
			}
		}
	}
	return queues, lines
}

// wholeSeconds rounds up: Asterisk's queues know no smaller unit.
func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
