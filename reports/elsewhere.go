package reports

// Elsewhere holds what other systems know of the period of a report. A field that is nil is
// not known, and what depends on it has no value: no figure is made up.
type Elsewhere struct {
	Cost   *Cost      // staff, lines, systems and rent
	Checks *Checks    // of quality, on live calls and recordings
	Solved *FirstCall // from the tickets
	Staff  *Staff     // from personnel
}

// Cost is what the period cost, in the smallest unit of money.
type Cost struct{ Total int64 }

// Checks are the scores of checks on calls, calibrations left out.
type Checks struct {
	Scores int64 // sum
	Checks int64
}

// FirstCall counts answered calls whose matter was settled: not transferred up, no order
// written, and no call of the same customer on the same matter within the days set.
type FirstCall struct {
	Solved int64
	Judged int64 // answered calls whose days are over
}

// Staff is who left in the period and the mean number of agents.
type Staff struct {
	Leavers   int64
	Headcount int64
}

// CostPerCall is the cost of the period / answered calls (平均单呼成本, M3), in the smallest
// unit of money.
func (r *Report) CostPerCall() Ratio {
	if r.Spec.Elsewhere.Cost == nil {
		return Ratio{}
	}
	return Ratio{r.Spec.Elsewhere.Cost.Total, r.Total.Figures.Answered}
}

// MonitoringScore is the mean score of the checks (监听分值, M11).
func (r *Report) MonitoringScore() Ratio {
	if r.Spec.Elsewhere.Checks == nil {
		return Ratio{}
	}
	return Ratio{r.Spec.Elsewhere.Checks.Scores, r.Spec.Elsewhere.Checks.Checks}
}

// FirstCallResolution is calls settled at once / answered calls that can be judged
// (一次性解决率, M16).
func (r *Report) FirstCallResolution() Ratio {
	if r.Spec.Elsewhere.Solved == nil {
		return Ratio{}
	}
	return Ratio{r.Spec.Elsewhere.Solved.Solved, r.Spec.Elsewhere.Solved.Judged}
}

// Turnover is agents who left / the mean number of agents (值机员流动率, M22), of the period.
func (r *Report) Turnover() Ratio {
	if r.Spec.Elsewhere.Staff == nil {
		return Ratio{}
	}
	return Ratio{r.Spec.Elsewhere.Staff.Leavers, r.Spec.Elsewhere.Staff.Headcount}
}
