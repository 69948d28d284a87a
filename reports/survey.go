package reports

import (
	"cmp"
	"slices"
	"time"

	"hotline/call"
)

// Scores is the number of levels of a survey: codes 1 to 5.
const Scores = 5

// Survey holds the answers to the survey after talks of one agent for one queue. They belong
// to the period in which the agent answered the call, as the talk does.
type Survey struct {
	Queue    call.QueueID
	Agent    call.AgentID
	Asked    int64         // callers who were asked
	Answered int64         // of Asked: gave a code
	By       [Scores]int64 // of Answered: by code, 1 first
}

// Satisfied is the share of the codes 5 and 4 (投诉满意率).
func (s Survey) Satisfied() Ratio {
	return Ratio{Part: s.By[Scores-1] + s.By[Scores-2], Whole: s.Answered}
}

// Satisfaction is the mean code in percent of the best one (客户满意度).
func (s Survey) Satisfaction() Ratio {
	sum := int64(0)
	for i, n := range s.By {
		sum += int64(i+1) * n
	}
	return Ratio{Part: sum, Whole: Scores * s.Answered}
}

// rating is one survey of one call.
type rating struct {
	queue call.QueueID
	agent call.AgentID
	at    time.Time
	score int
}

// surveyed adds what the ledger tells of a survey. The end is known without its begin.
func (j *Journey) surveyed(e call.Event) {
	for i := range j.ratings {
		if r := &j.ratings[i]; r.agent == e.Agent && r.queue == e.Queue {
			r.score = max(r.score, e.Score)
			return
		}
	}
	j.ratings = append(j.ratings, rating{queue: e.Queue, agent: e.Agent, at: e.At, score: e.Score})
}

// answeredAt is when the agent of a survey had answered the call.
func (j *Journey) answeredAt(r rating) time.Time {
	for _, l := range slices.Backward(j.Legs) {
		if l.Agent == r.agent && !l.Answer.IsZero() {
			return l.Answer
		}
	}
	return r.at
}

// addSurveys counts the surveys of one call.
func (t *tally) addSurveys(j *Journey) {
	for _, r := range j.ratings {
		if !t.shows(t.placed(j, r.queue, r.agent, j.answeredAt(r))) {
			continue
		}
		i, known := slices.BinarySearchFunc(t.surveys, r, func(s Survey, r rating) int {
			return cmp.Or(cmp.Compare(s.Queue, r.queue), cmp.Compare(s.Agent, r.agent))
		})
		if !known {
			t.surveys = slices.Insert(t.surveys, i, Survey{Queue: r.queue, Agent: r.agent})
		}
		s := &t.surveys[i]
		s.Asked++
		if r.score >= 1 && r.score <= Scores {
			s.Answered++
			s.By[r.score-1]++
		}
	}
}

func (r *Report) surveysTable(l Lang) table {
	t := table{
		part: SurveysPart,
		keys: []string{
			"queue", "agent", "asked", "answered", "score_5", "score_4", "score_3", "score_2", "score_1",
			"satisfied_pct", "satisfaction_pct",
		},
		heads: []string{
			l.pick("队列", "queue"), l.pick("座席", "agent"), l.pick("邀评", "asked"), l.pick("参评", "answered"),
			l.pick("高度满意", "very satisfied"), l.pick("一般满意", "fairly satisfied"), l.pick("无意见", "no opinion"),
			l.pick("有些不满意", "rather dissatisfied"), l.pick("极不满意", "very dissatisfied"),
			l.pick("满意率%", "satisfied %"), l.pick("满意度%", "satisfaction %"),
		},
	}
	var rows [][]cell
	for _, s := range r.Surveys {
		cells := []cell{text(string(s.Queue)), text(string(s.Agent)), count(s.Asked), count(s.Answered)}
		for _, n := range slices.Backward(s.By[:]) {
			cells = append(cells, count(n))
		}
		rows = append(rows, append(cells, percent(s.Satisfied()), percent(s.Satisfaction())))
	}
	t.rows = listed(rows)
	return t
}
