package reports

import (
	"fmt"
	"strconv"
	"strings"

	"hotline/call"
)

// Lang is the language of headings.
type Lang string

// The languages of headings.
const (
	Chinese Lang = "zh-CN"
	English Lang = "en"
)

// pick chooses between two texts.
func (l Lang) pick(zh, en string) string {
	if l == English {
		return en
	}
	return zh
}

// Column names one figure of a table. Its name is the key in CSV and JSON; _pct are
// percentages and _ms milliseconds.
type Column string

// DefaultColumns are shown when none are chosen.
func DefaultColumns() []Column {
	return []Column{
		"offered", "answered", "answered_in_t", "abandoned", "short",
		"service_level_pct", "asa_ms", "att_ms", "aht_ms", "abandon_rate_pct",
	}
}

// Columns lists every column there is, in the order of a full table.
func Columns() []Column {
	var names []Column
	for _, d := range columns() {
		names = append(names, d.name)
	}
	return names
}

// column is the definition behind a name. In headings {T} and {S} stand for the limits.
type column struct {
	name   Column
	zh, en string
	cell   func(Figures, Spec) cell
}

// columns lists the definitions.
func columns() []column {
	return append(append(counts(), rates()...), times()...)
}

// counts are the columns with numbers of calls.
func counts() []column {
	n := func(name Column, zh, en string, of func(Figures) int64) column {
		return column{name, zh, en, func(f Figures, _ Spec) cell { return count(of(f)) }}
	}
	return []column{
		n("offered", "呼入", "offered", func(f Figures) int64 { return f.Offered }),
		n("answered", "接通", "answered", func(f Figures) int64 { return f.Answered }),
		n("answered_in_t", "{T}秒内接通", "within {T} s", func(f Figures) int64 { return f.AnsweredInT }),
		n("abandoned", "放弃", "abandoned", func(f Figures) int64 { return f.Abandoned }),
		n("abandoned_in_t", "{T}秒内放弃", "abandoned within {T} s", func(f Figures) int64 { return f.AbandonedInT }),
		n("short", "不足{S}秒", "under {S} s", func(f Figures) int64 { return f.Short }),
		n("timed_out", "超时", "timed out", func(f Figures) int64 { return f.TimedOut }),
		n("left_empty", "无座席", "no agents", func(f Figures) int64 { return f.LeftEmpty }),
		n("overflowed", "溢出", "overflowed", func(f Figures) int64 { return f.Overflowed }),
		n("callback", "回呼", "call-back", func(f Figures) int64 { return f.Callback }),
		n("to_message", "留言", "to message", func(f Figures) int64 { return f.ToMessage }),
		n("waiting", "排队中", "waiting", func(f Figures) int64 { return f.Waiting }),
		n("lost", "故障中断", "lost", func(f Figures) int64 { return f.Lost }),
		n("queued", "需排队", "queued", func(f Figures) int64 { return f.Queued }),
		n("talks", "通话", "talks", func(f Figures) int64 { return f.Talks }),
		n("handled", "处理完", "handled", func(f Figures) int64 { return f.Handled }),
	}
}

// rates are the columns with percentages.
func rates() []column {
	r := func(name Column, zh, en string, of func(Figures) Ratio) column {
		return column{name, zh, en, func(f Figures, _ Spec) cell { return percent(of(f)) }}
	}
	return []column{
		{"service_level_pct", "服务水平%", "service level %", func(f Figures, s Spec) cell {
			return percent(f.level(s.Formula))
		}},
		r("abandon_rate_pct", "放弃率%", "abandon rate %", Figures.AbandonRate),
		r("abandon_rate_raw_pct", "放弃率(含短呼)%", "abandon rate with short %", Figures.AbandonRateRaw),
		r("queued_rate_pct", "排队率%", "queued rate %", Figures.QueuedRate),
		r("answered_share_pct", "接通率%", "answered share %", Figures.AnsweredShare),
	}
}

// times are the columns with lengths of time.
func times() []column {
	m := func(name Column, zh, en string, of func(Figures) Mean) column {
		return column{name, zh, en, func(f Figures, _ Spec) cell { return mean(of(f)) }}
	}
	return []column{
		m("asa_ms", "平均应答(秒)", "ASA s", Figures.ASA),
		m("att_ms", "平均通话(秒)", "ATT s", Figures.ATT),
		m("acw_ms", "平均事后(秒)", "ACW s", Figures.ACW),
		m("aht_ms", "平均处理(秒)", "AHT s", Figures.AHT),
		m("time_to_abandon_ms", "平均放弃(秒)", "time to abandon s", Figures.TimeToAbandon),
		m("time_to_abandon_raw_ms", "平均放弃(含短呼)(秒)", "time to abandon with short s", Figures.TimeToAbandonRaw),
		{"max_wait_ms", "最长等待(秒)", "longest wait s", func(f Figures, _ Spec) cell {
			longest := length(f.MaxWait)
			longest.ok = f.Offered > f.Waiting
			return longest
		}},
	}
}

// basis are the columns that say what figures depend on, for a table without a head.
func basis() []column {
	return []column{
		{"service_level_formula", "", "", func(_ Figures, s Spec) cell { return text(string(s.Formula)) }},
		{"answered_within_ms", "", "", func(_ Figures, s Spec) cell { return count(int64(s.Rules.T)) }},
		{"short_below_ms", "", "", func(_ Figures, s Spec) cell { return count(int64(s.Rules.Short)) }},
	}
}

// heading is a column's title in a language, with the limits in it.
func (c column) heading(l Lang, r Rules) string {
	return strings.NewReplacer("{T}", seconds(r.T), "{S}", seconds(r.Short)).Replace(l.pick(c.zh, c.en))
}

// seconds is a limit in seconds without needless digits.
func seconds(m call.Millis) string { return strconv.FormatFloat(m.Duration().Seconds(), 'f', -1, 64) }

// choose finds the definitions of chosen columns; the error wraps ErrInvalid and lists
// what there is.
func choose(names []Column) ([]column, error) {
	if len(names) == 0 {
		names = DefaultColumns()
	}
	defined := map[Column]column{}
	for _, d := range columns() {
		defined[d.name] = d
	}
	chosen := make([]column, 0, len(names))
	for _, n := range names {
		d, ok := defined[n]
		if !ok {
			return nil, fmt.Errorf("%w: column %q is none of %v", ErrInvalid, n, Columns())
		}
		chosen = append(chosen, d)
	}
	return chosen, nil
}
