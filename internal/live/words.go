package live

import "hotline/call"

// words is the catalogue of the view in one language.
type words struct {
	queues, agents, calls         string
	waiting, longest, ready, busy string
	offered, answered, abandoned  string
	level, state, since, caller   string
	stage, length, agent, more    string
	states                        map[call.AgentState]string
	stages                        map[string]string
	stale, empty, next, allWell   string
	withheld, held, asks, rings   string
	back                          string
}

func catalogue(lang string) words {
	if lang == "en" {
		return words{
			queues: "Queue", agents: "Agent", calls: "Caller",
			waiting: "waiting", longest: "longest", ready: "ready", busy: "busy",
			offered: "offered", answered: "answered", abandoned: "abandoned",
			level: "level", state: "state", since: "for", caller: "caller",
			stage: "stage", length: "length", agent: "agent", more: "and %d more",
			states: map[call.AgentState]string{
				call.Offline: "offline", call.Ready: "ready", call.Ringing: "ringing",
				call.Talking: "talking", call.Hold: "on hold", call.WrapUp: "wrap-up", call.Break: "break",
			},
			stages: map[string]string{
				"greeting": "greeting", "waiting": "waiting", "talking": "talking", "leaving": "hanging up",
				"message": "message", "survey": "survey", "dialling": "dialling", "offering": "offered a callback",
			},
			stale: "figures are behind", empty: "none", next: "then", allWell: "all parts work",
			withheld: "withheld", held: "on hold", asks: "asks", rings: "rings", back: "callbacks",
		}
	}
	return words{
		queues: "队列", agents: "座席", calls: "主叫",
		waiting: "排队", longest: "最长等待", ready: "空闲", busy: "忙碌",
		offered: "呼入", answered: "应答", abandoned: "放弃",
		level: "服务水平", state: "状态", since: "时长", caller: "主叫",
		stage: "阶段", length: "通话时长", agent: "座席", more: "另有 %d 项",
		states: map[call.AgentState]string{
			call.Offline: "未签入", call.Ready: "空闲", call.Ringing: "振铃",
			call.Talking: "通话", call.Hold: "持线", call.WrapUp: "事后处理", call.Break: "小休",
		},
		stages: map[string]string{
			"greeting": "问候语", "waiting": "排队", "talking": "通话", "leaving": "挂机",
			"message": "留言", "survey": "满意度评价", "dialling": "外呼", "offering": "询问回呼",
		},
		stale: "指标滞后", empty: "无", next: "随后", allWell: "各部件正常",
		withheld: "号码隐藏", held: "持线", asks: "咨询", rings: "振铃", back: "回呼",
	}
}
