package reports

import (
	"strings"

	"hotline/call"
)

// stayRates are percentages of stays in queues.
func stayRates() []column {
	return []column{
		{
			name: "service_level_pct", zh: "服务水平%", en: "service level %", metric: "M20",
			formula: "by the formula that the report names", rule: AtEntry,
			cell: func(f Figures, s Spec) cell { return percent(f.level(s.Formula)) },
		},
		share("abandon_rate_pct", "放弃率%", "abandon rate %", "M13", "abandoned / (offered - short)", AtEntry,
			Figures.AbandonRate),
		share("abandon_rate_raw_pct", "放弃率(含短呼)%", "abandon rate with short %", "M13",
			"(abandoned + short) / offered", AtEntry, Figures.AbandonRateRaw),
		share("queued_rate_pct", "排队率%", "queued rate %", "M17", "queued / offered", AtEntry, Figures.QueuedRate),
		share("answered_share_pct", "接通率%", "answered share %", "", "answered / offered", AtEntry,
			Figures.AnsweredShare),
		share("transfer_rate_pct", "转接呼叫率%", "transfer rate %", "M18", "transferred / answered", AtEntry,
			Figures.TransferRate),
	}
}

// levels are the service level by every formula, side by side.
func levels() []column {
	var all []column
	for _, d := range formulas() {
		key := strings.ReplaceAll(string(d.name), "-", "_")
		all = append(all, share(Column("sl_"+key+"_pct"), "服务水平 "+string(d.name)+"%",
			"service level "+string(d.name)+" %", "M20", d.text, AtEntry, d.compute))
	}
	return all
}

// otherRates are percentages and quotients of anything else.
func otherRates() []column {
	spentShare := func(name Column, zh, en, metric, formula string, of func(AgentTime) Ratio) column {
		return share(name, zh, en, metric, formula, Prorated, func(f Figures) Ratio { return of(f.Spent) })
	}
	lineShare := func(name Column, zh, en, metric, formula string, of func(Arrivals) Ratio) column {
		return share(name, zh, en, metric, formula, AtArrival, func(f Figures) Ratio { return of(f.Calls) })
	}
	return []column{
		share("held_share_pct", "持线占比%", "held %", "M5", "held / talks", AtAnswer, Figures.HeldShare),
		share("miss_rate_pct", "座席未接率%", "miss rate %", "", "missed / (rung - cancelled - open)", AtRing,
			Figures.MissRate),
		share("reached_share_pct", "外呼接通率%", "reached %", "K11", "reached / dialled", AtDial,
			func(f Figures) Ratio { return f.Out.ReachedShare() }),
		lineShare("busy_rate_pct", "忙音率%", "busy rate %", "M15", "(busy + failed) / arrived", Arrivals.BusyRate),
		lineShare("replied_share_pct", "已复电话%", "answered of arrived %", "M19", "calls answered / arrived",
			Arrivals.AnsweredShare),
		lineShare("called_back_share_pct", "未接回呼率%", "missed called back %", "M19", "called back / missed calls",
			Arrivals.CalledBackShare),
		spentShare("occupancy_pct", "占线率%", "occupancy %", "M12", "(talk + hold) / (talk + hold + ready)",
			AgentTime.Occupancy),
		spentShare("occupancy_acw_pct", "占线率(含事后)%", "occupancy with ACW %", "M12",
			"(talk + hold + ACW) / (talk + hold + ACW + ready)", AgentTime.OccupancyWithWork),
		spentShare("utilisation_pct", "工时利用率%", "utilisation %", "", "(talk + hold + ACW) / signed in",
			AgentTime.Utilisation),
		spentShare("work_rate_pct", "实际工作率%", "actual work rate %", "M1",
			"signed in and not on a break within the roster / rostered", AgentTime.WorkRate),
		spentShare("attendance_pct", "出勤率%", "attendance %", "M14", "signed in within the roster / rostered",
			AgentTime.Attendance),
		{
			name: "calls_per_hour", zh: "每小时呼叫", en: "calls per hour", metric: "M10",
			formula: "talks / hours signed in and not on a break", rule: AnswerAnd,
			cell: func(f Figures, _ Spec) cell { return number(f.CallsPerHour()) },
		},
		{
			name: "mean_rings", zh: "平均振铃次数", en: "rings", metric: "M6",
			formula: "sum of (1 + ring / cycle, rounded down) / answered", rule: AtEntry,
			cell: func(f Figures, _ Spec) cell { return number(f.MeanRings()) },
		},
	}
}

// waits are times in queues.
func waits() []column {
	m := func(name Column, zh, en, metric, formula string, of func(Figures) Mean) column {
		return meanOf(name, zh, en, metric, formula, AtEntry, of)
	}
	return []column{
		m("asa_ms", "平均应答(秒)", "ASA s", "M8", "wait of the answered / answered", Figures.ASA),
		m("queue_time_ms", "平均排队(秒)", "queue time s", "M7", "all waits / (offered - waiting)", Figures.QueueTime),
		m("time_to_abandon_ms", "平均放弃(秒)", "time to abandon s", "M2", "wait of the abandoned / abandoned",
			Figures.TimeToAbandon),
		m("time_to_abandon_raw_ms", "平均放弃(含短呼)(秒)", "time to abandon with short s", "M2",
			"wait of abandoned and short / (abandoned + short)", Figures.TimeToAbandonRaw),
		{
			name: "max_wait_ms", zh: "最长等待(秒)", en: "longest wait s", rule: AtEntry,
			formula: "longest wait that ended, however it ended",
			cell: func(f Figures, _ Spec) cell {
				longest := length(f.MaxWait)
				longest.ok = f.Offered > f.Waiting
				return longest
			},
		},
	}
}

// talkTimes are times of talks and of the work after them.
func talkTimes() []column {
	m := func(name Column, zh, en, metric, formula string, of func(Figures) Mean) column {
		return meanOf(name, zh, en, metric, formula, AtAnswer, of)
	}
	return []column{
		m("att_ms", "平均通话(秒)", "ATT s", "M4", "agent's answer to agent's hang-up, holds included / talks", Figures.ATT),
		m("conversation_ms", "平均交谈(秒)", "conversation s", "M9", "(talk - hold) / talks", Figures.ConversationTime),
		m("hold_ms", "平均持线(秒)", "hold s", "M5", "hold / talks with a hold", Figures.HoldTime),
		m("acw_ms", "平均事后(秒)", "ACW s", "M23", "work after the call / handled", Figures.ACW),
		m("aht_ms", "平均处理(秒)", "AHT s", "M23", "(talk + work after the call) / handled", Figures.AHT),
		{
			name: "out_talk_ms", zh: "外呼通话时长", en: "outbound talk", metric: "K11", rule: AtDial,
			formula: "talk of the reached numbers, from the customer's answer on",
			cell:    func(f Figures, _ Spec) cell { return spent(f.Out.Talk, f.Out.Made > 0) },
		},
		meanOf("out_talk_mean_ms", "外呼平均通话(秒)", "outbound talk each s", "K11", "outbound talk / reached", AtDial,
			func(f Figures) Mean { return f.Out.TalkPerDial() }),
	}
}

// agentTimes are sums of agents' time by state.
func agentTimes() []column {
	return []column{
		timeOf("signed_in_ms", "签入时长", "signed in", "all states but offline", AgentTime.SignedIn),
		timeOf("ready_ms", "空闲时长", "ready", "idle, may be rung", func(a AgentTime) call.Millis { return a.Ready }),
		timeOf("ringing_ms", "振铃时长", "ringing", "the phone rings", func(a AgentTime) call.Millis { return a.Ringing }),
		timeOf("talking_ms", "通话时长", "talking", "answered, holds not included",
			func(a AgentTime) call.Millis { return a.Talking }),
		timeOf("holding_ms", "持线时长", "holding", "the caller hears music", func(a AgentTime) call.Millis { return a.Hold }),
		timeOf("wrapup_ms", "事后时长", "after-call work", "work after the call",
			func(a AgentTime) call.Millis { return a.WrapUp }),
		timeOf("break_ms", "小休时长", "on break", "paused with a reason", func(a AgentTime) call.Millis { return a.Break }),
		timeOf("rostered_ms", "排班时长", "rostered", "from the roster",
			func(a AgentTime) call.Millis { return a.Rostered }),
	}
}
