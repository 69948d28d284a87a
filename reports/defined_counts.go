package reports

// stayCounts are numbers of stays in queues.
func stayCounts() []column {
	n := func(name Column, zh, en, formula string, of func(Figures) int64) column {
		return counted(name, zh, en, "", formula, AtEntry, of)
	}
	return []column{
		n("offered", "呼入", "offered", "entered the queue", func(f Figures) int64 { return f.Offered }),
		n("answered", "接通", "answered", "an agent picked up", func(f Figures) int64 { return f.Answered }),
		n("answered_in_t", "{T}秒内接通", "within {T} s", "answered, wait <= T",
			func(f Figures) int64 { return f.AnsweredInT }),
		n("answered_late", "超{T}秒接通", "answered after {T} s", "answered, wait > T",
			func(f Figures) int64 { return f.Answered - f.AnsweredInT }),
		n("abandoned", "放弃", "abandoned", "hung up after S or later, or lost by a fault while waiting",
			func(f Figures) int64 { return f.Abandoned }),
		n("abandoned_in_t", "{T}秒内放弃", "abandoned within {T} s", "abandoned, wait <= T",
			func(f Figures) int64 { return f.AbandonedInT }),
		n("short", "不足{S}秒", "under {S} s", "hung up, wait < S", func(f Figures) int64 { return f.Short }),
		n("timed_out", "超时", "timed out", "waited to the queue's limit", func(f Figures) int64 { return f.TimedOut }),
		n("left_empty", "无座席", "no agents", "sent away, no agent was signed in",
			func(f Figures) int64 { return f.LeftEmpty }),
		n("overflowed", "溢出", "overflowed", "moved to another queue, or turned away by a full one",
			func(f Figures) int64 { return f.Overflowed }),
		n("callback", "回呼", "call-back", "took a call-back", func(f Figures) int64 { return f.Callback }),
		n("to_message", "留言", "to message", "chose to leave a message", func(f Figures) int64 { return f.ToMessage }),
		n("waiting", "排队中", "waiting", "still in the queue", func(f Figures) int64 { return f.Waiting }),
		n("lost", "故障中断", "lost", "of abandoned: the call ended by a fault", func(f Figures) int64 { return f.Lost }),
		n("queued", "需排队", "queued", "no agent was idle at entry", func(f Figures) int64 { return f.Queued }),
		n("transferred", "被转接", "transferred", "answered, then given away at least once",
			func(f Figures) int64 { return f.Transferred }),
	}
}

// talkCounts are numbers of agents' talks.
func talkCounts() []column {
	n := func(name Column, zh, en, metric, formula string, of func(Figures) int64) column {
		return counted(name, zh, en, metric, formula, AtAnswer, of)
	}
	return []column{
		n("talks", "通话", "talks", "", "talks that are over", func(f Figures) int64 { return f.Talks }),
		n("handled", "处理完", "handled", "", "talks whose work after the call is over",
			func(f Figures) int64 { return f.Handled }),
		n("held", "有持线", "held", "M5", "talks with a hold", func(f Figures) int64 { return f.Held }),
		n("blind_transfers", "盲转", "blind transfers", "M18", "talks ended by a transfer without a word",
			func(f Figures) int64 { return f.BlindTransfers }),
		n("attended_transfers", "咨询转接", "attended transfers", "M18", "talks ended by a transfer after a consultation",
			func(f Figures) int64 { return f.AttendedTransfers }),
		counted("dialled", "外呼", "dialled", "K11", "numbers that agents called", AtDial,
			func(f Figures) int64 { return f.Out.Made }),
		counted("reached", "外呼接通", "reached", "K11", "of dialled: answered, and that talk is over", AtDial,
			func(f Figures) int64 { return f.Out.Reached }),
	}
}

// ringCounts are numbers of rings of agents' phones by outcome.
func ringCounts() []column {
	n := func(name Column, zh, en, formula string, of func(Offers) int64) column {
		return counted(name, zh, en, "", formula, AtRing, func(f Figures) int64 { return of(f.Rung) })
	}
	return []column{
		n("rung", "振铃", "rung", "an agent's phone rang for a caller", func(o Offers) int64 { return o.Made }),
		n("rung_answered", "振铃接起", "picked up", "rung, picked up", func(o Offers) int64 { return o.Answered }),
		n("missed", "座席未接", "missed", "no answer + rejected + busy + unreachable", Offers.Missed),
		n("no_answer", "无应答", "no answer", "rung out", func(o Offers) int64 { return o.NoAnswer }),
		n("rejected", "拒接", "rejected", "declined", func(o Offers) int64 { return o.Rejected }),
		n("agent_busy", "话机忙", "phone busy", "the phone was busy", func(o Offers) int64 { return o.Busy }),
		n("unreachable", "不可达", "unreachable", "the phone was not registered or failed",
			func(o Offers) int64 { return o.Unreachable }),
		n("canceled", "振铃中取消", "cancelled", "the caller left while it rang", func(o Offers) int64 { return o.Canceled }),
	}
}

// arrivalCounts are numbers of calls by how far they came.
func arrivalCounts() []column {
	n := func(name Column, zh, en, metric, formula string, of func(Arrivals) int64) column {
		return counted(name, zh, en, metric, formula, AtArrival, func(f Figures) int64 { return of(f.Calls) })
	}
	return []column{
		n("arrived", "来电", "arrived", "M21", "calls that reached the hotline", func(a Arrivals) int64 { return a.Arrived }),
		n("entered", "进入队列", "entered a queue", "M21", "of arrived", func(a Arrivals) int64 { return a.Entered }),
		n("calls_answered", "来电接通", "calls answered", "M21", "of entered: reached an agent",
			func(a Arrivals) int64 { return a.Answered }),
		n("calls_abandoned", "来电放弃", "calls abandoned", "M21", "of entered: hung up or lost before an answer",
			func(a Arrivals) int64 { return a.Abandoned }),
		n("calls_voiced", "留言或回呼", "message or call-back", "M21", "of entered: left a message or is called back",
			func(a Arrivals) int64 { return a.Voiced }),
		n("turned_away", "被谢绝", "turned away", "M21", "of entered: sent away unheard",
			func(a Arrivals) int64 { return a.TurnedAway }),
		n("hung_up_in_greeting", "问候中挂机", "hung up in greeting", "M21", "not entered: hung up before the queue",
			func(a Arrivals) int64 { return a.HungUpInGreeting }),
		n("closed", "非服务时间", "closed", "M21", "not entered: outside the hours", func(a Arrivals) int64 { return a.Closed }),
		n("unknown_line", "空号", "unknown line", "M21", "not entered: number without a queue",
			func(a Arrivals) int64 { return a.UnknownLine }),
		n("failed", "故障", "failed", "M21", "not entered: broken by a fault", func(a Arrivals) int64 { return a.Failed }),
		n("busy", "占线", "busy", "M15", "as many waited as may", func(a Arrivals) int64 { return a.Busy }),
		n("messages", "留言数", "messages", "", "left a message", func(a Arrivals) int64 { return a.Messages }),
		n("dropped", "掉线", "dropped", "", "cut off by a fault, wherever they were",
			func(a Arrivals) int64 { return a.Dropped }),
		n("missed_calls", "未接来电", "missed calls", "M19", "arrived - answered - open", Arrivals.Missed),
		n("called_back", "已回呼", "called back", "M19", "of missed: called back and answered",
			func(a Arrivals) int64 { return a.CalledBack }),
	}
}
