package callflow

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"

	"hotline/call"
)

// Survey asks callers after a talk how content they are (满意度评价), by a key from 5 to 1.
// The zero value asks nobody.
type Survey struct {
	Prompt  string // sound that asks, "" = no survey
	Percent int    // share of the callers who are asked, 0 to 100
	Thanks  string // sound after the answer, "" for none
}

const (
	// scoreWait is how long a caller may think after the question.
	scoreWait = 7 * time.Second
	// questions is how often he is asked.
	questions = 2
	// leastScore and mostScore are the levels (S104).
	leastScore, mostScore = 1, 5
)

// survey is a question that is open.
type survey struct {
	agent call.AgentID // whom it is about, "" when nobody is asked
	asked int
}

// asks tells whether a call is among those that are asked. The call's id decides it, so
// that no chance is needed and a repeated look gives the same answer.
func (s Survey) asks(id call.ID) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // A hash takes everything.
	return s.Prompt != "" && int(h.Sum32()%100) < s.Percent
}

// rate begins the survey after an agent has left the talk. It reports false when this caller
// is not asked, nor one whom the agent called himself. Neither the talk nor the agent's work
// after it is touched: both are the engine's and began and ended with the agent's leg.
func (f *flow) rate(ctx context.Context, agent call.AgentID) bool {
	if agent == "" || f.out != nil || len(f.legs) > 0 || f.by != call.ByAgent || !f.room.Survey.asks(f.a.Call) {
		return false
	}
	if !f.play(ctx, f.room.Survey.Prompt) {
		return false
	}
	f.survey = survey{agent: agent, asked: 1}
	f.record(call.Event{Kind: call.SurveyBegun, At: time.Now(), Queue: f.queue, Agent: agent})
	f.to(Rating)
	f.setAgent("")
	f.onKey = f.score
	return true
}

// awaitScore is the end of the question.
func (f *flow) awaitScore() { f.deadline.Reset(scoreWait) }

// score takes a key, also into the middle of the question.
func (f *flow) score(ctx context.Context, key string) {
	playing := f.playing
	f.playing = ""
	f.deadline.Stop()
	if playing != "" {
		f.quiet(ctx, playing)
	}
	n, err := strconv.Atoi(key)
	if err != nil || n < leastScore || n > mostScore {
		f.askAgain(ctx)
		return
	}
	f.surveyOver(ctx, n, f.room.Survey.Thanks)
}

// askAgain is for a wrong key, or none.
func (f *flow) askAgain(ctx context.Context) {
	if f.survey.asked < questions && f.play(ctx, f.room.Survey.Prompt) {
		f.survey.asked++
		return
	}
	f.surveyOver(ctx, 0, "")
}

// surveyOver lets the caller go. The call was ended by the agent all the same.
func (f *flow) surveyOver(ctx context.Context, score int, thanks string) {
	by := f.by
	f.endSurvey(score)
	f.leave(ctx, f.ending, thanks)
	f.by = by
}

// endSurvey writes the answer down, 0 = none, once.
func (f *flow) endSurvey(score int) {
	if f.survey.agent == "" {
		return
	}
	f.record(call.Event{
		Kind: call.Surveyed, At: time.Now(), Queue: f.queue, Agent: f.survey.agent, Score: score,
	})
	f.survey.agent = ""
}
