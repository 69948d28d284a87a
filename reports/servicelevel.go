package reports

import "fmt"

// Formula names one way to compute the service level (服务水平, M20). On the same day the
// ways differ by more than five points, so the name stands wherever the figure does. The
// list is closed.
type Formula string

// The formulas. T is Rules.T, short are abandoned calls below Rules.Short.
const (
	// Hotline sets calls answered in time against every call that was there to be
	// answered. It is the default.
	Hotline Formula = "hotline"
	// Raw is Hotline without the mercy for short calls.
	Raw Formula = "raw"
	// AnsweredOnly looks at answered calls alone; whoever gives up does not count.
	AnsweredOnly Formula = "answered-only"
	// AbandonsPositive takes an early abandon as a success.
	AbandonsPositive Formula = "abandons-positive"
	// AbandonsNegative takes every abandon as a failure.
	AbandonsNegative Formula = "abandons-negative"
	// AbandonsIgnored leaves out abandons within T.
	AbandonsIgnored Formula = "abandons-ignored"
	// ShortPositive takes a short abandon as a success.
	ShortPositive Formula = "short-positive"
	// ShortRemoved leaves out short abandons.
	ShortRemoved Formula = "short-removed"
	// OfOffered sets calls answered in time against everything offered.
	OfOffered Formula = "of-offered"
	// FlowOuts is ShortRemoved with every caller who left the queue in another way among
	// the failures.
	FlowOuts Formula = "flow-outs"
	// Inclusive is AbandonsPositive with callers who were sent away among the abandons.
	Inclusive Formula = "inclusive"
	// Removed takes whoever is out of the queue in time as a success: answered, given up or
	// asked for a call-back.
	Removed Formula = "removed"
	// LeftInT takes every wait that was short enough as a success, however it ended.
	LeftInT Formula = "left-in-t"
)

// DefaultFormula is used where none is chosen.
const DefaultFormula = Hotline

// formula is the definition behind a name.
type formula struct {
	name    Formula
	text    string // the formula in words, for screens
	compute func(Figures) Ratio
}

// formulas lists the definitions in the order of screens.
func formulas() []formula {
	return []formula{
		{Hotline, "answered<=T / (answered + abandoned + timed-out + left-empty - short)", hotline},
		{Raw, "answered<=T / (answered + abandoned + timed-out + left-empty)", raw},
		{AnsweredOnly, "answered<=T / answered", answeredOnly},
		{AbandonsPositive, "(answered<=T + abandoned<=T) / (answered + abandoned)", abandonsPositive},
		{AbandonsNegative, "answered<=T / (answered + abandoned)", abandonsNegative},
		{AbandonsIgnored, "answered<=T / (answered + abandoned - abandoned<=T)", abandonsIgnored},
		{ShortPositive, "(answered<=T + short) / (answered + abandoned)", shortPositive},
		{ShortRemoved, "answered<=T / (answered + abandoned - short)", shortRemoved},
		{OfOffered, "answered<=T / offered", ofOffered},
		{FlowOuts, "answered<=T / (all who left the queue - short)", flowOuts},
		{Inclusive, "(answered + abandoned + timed-out + left-empty, each <=T) / " +
			"(answered + abandoned + timed-out + left-empty)", inclusive},
		{Removed, "(answered<=T + abandoned<=T + call-back<=T) / offered", removed},
		{LeftInT, "all who left the queue<=T / all who left the queue", leftInT},
	}
}

// Formulas lists the names, the default first.
func Formulas() []Formula {
	var names []Formula
	for _, f := range formulas() {
		names = append(names, f.name)
	}
	return names
}

// lookup finds the definition; the error wraps ErrInvalid and lists the names.
func (f Formula) lookup() (formula, error) {
	for _, d := range formulas() {
		if d.name == f || f == "" && d.name == DefaultFormula {
			return d, nil
		}
	}
	return formula{}, fmt.Errorf("%w: formula %q is none of %v", ErrInvalid, f, Formulas())
}

// Text is the formula in words, "" for a name that is not in the list.
func (f Formula) Text() string {
	d, err := f.lookup()
	if err != nil {
		return ""
	}
	return d.text
}

// ServiceLevel computes the service level by a formula; the error wraps ErrInvalid for a
// name that is not in the list.
func (f Figures) ServiceLevel(by Formula) (Ratio, error) {
	d, err := by.lookup()
	if err != nil {
		return Ratio{}, err
	}
	return d.compute(f), nil
}

// level is ServiceLevel for a name that was checked; any other has no value.
func (f Figures) level(by Formula) Ratio {
	r, err := f.ServiceLevel(by)
	if err != nil {
		return Ratio{}
	}
	return r
}

// abandons are all calls that hung up, short ones included.
func (f Figures) abandons() int64 { return f.Abandoned + f.Short }

// hotline is answered<=T / (answered + abandoned + timed-out + left-empty - short). The
// clock runs from queue entry. An abandon is never a success, and a caller whom we sent
// away unheard is a failure; moving to another queue or a call-back is an outcome of its
// own. It follows the wording of public contracts and the advice of ICMI and
// callcentrehelper against looking at answered calls alone.
func hotline(f Figures) Ratio {
	return Ratio{f.AnsweredInT, f.Answered + f.Abandoned + f.TimedOut + f.LeftEmpty}
}

// raw is answered<=T / (answered + abandoned + timed-out + left-empty): hotline with a
// short-call limit of 0, to be published beside it.
func raw(f Figures) Ratio {
	return Ratio{f.AnsweredInT, f.Answered + f.abandons() + f.TimedOut + f.LeftEmpty}
}

// answeredOnly is answered<=T / answered: ServicelevelPerf of app_queue, quality_of_service
// of Wazo, VICIdial.
func answeredOnly(f Figures) Ratio { return Ratio{f.AnsweredInT, f.Answered} }

// abandonsPositive is (answered<=T + abandoned<=T) / (answered + abandoned):
// ServicelevelPerf2 of app_queue, Cisco "abandons positive", and close to Amazon Connect.
func abandonsPositive(f Figures) Ratio {
	// A short abandon lies within T because Rules keep Short below T.
	return Ratio{f.AnsweredInT + f.AbandonedInT + f.Short, f.Answered + f.abandons()}
}

// abandonsNegative is answered<=T / (answered + abandoned): Cisco "abandons negative",
// inclusive SLA of QueueMetrics.
func abandonsNegative(f Figures) Ratio { return Ratio{f.AnsweredInT, f.Answered + f.abandons()} }

// abandonsIgnored is answered<=T / (answered + abandoned - abandoned<=T): Cisco "abandons
// ignored", Bright Pattern.
func abandonsIgnored(f Figures) Ratio {
	return Ratio{f.AnsweredInT, f.Answered + f.Abandoned - f.AbandonedInT}
}

// shortPositive is (answered<=T + short) / (answered + abandoned): a short abandon counts
// as if it had been answered in time.
func shortPositive(f Figures) Ratio {
	return Ratio{f.AnsweredInT + f.Short, f.Answered + f.abandons()}
}

// shortRemoved is answered<=T / (answered + abandoned - short): Genesys Cloud with short
// abandons excluded, RingCentral, Google CCAI.
func shortRemoved(f Figures) Ratio { return Ratio{f.AnsweredInT, f.Answered + f.Abandoned} }

// ofOffered is answered<=T / offered: the variant of M20 after Amazon Connect. Calls that
// are still waiting, moved on or took a call-back lower it.
func ofOffered(f Figures) Ratio { return Ratio{f.AnsweredInT, f.Offered} }

// flowOuts is answered<=T / (all who left the queue - short): Genesys Cloud with flow-outs
// and without short abandons.
func flowOuts(f Figures) Ratio { return Ratio{f.AnsweredInT, f.Offered - f.Waiting - f.Short} }

// inclusive is ServicelevelPerf2 of app_queue as that program counts: its abandons are also
// the calls that timed out or left an empty queue.
func inclusive(f Figures) Ratio {
	return Ratio{
		f.AnsweredInT + f.AbandonedInT + f.Short + f.SentAwayInT,
		f.Answered + f.abandons() + f.TimedOut + f.LeftEmpty,
	}
}

// removed is (answered<=T + abandoned<=T + call-back<=T) / offered: Amazon Connect. An early
// abandon raises it.
func removed(f Figures) Ratio {
	return Ratio{f.AnsweredInT + f.AbandonedInT + f.Short + f.CallbackInT, f.Offered}
}

// leftInT is all who left the queue within T / all who left it: the second figure of
// VICIdial, "all calls".
func leftInT(f Figures) Ratio {
	return Ratio{
		f.AnsweredInT + f.AbandonedInT + f.Short + f.CallbackInT + f.SentAwayInT + f.MovedInT,
		f.Offered - f.Waiting,
	}
}
