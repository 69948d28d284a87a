package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"hotline/web"
)

// Every is how often the view refreshes.
const Every = 500 * time.Millisecond

// quietEvery is how often a line is written where no terminal is: a log, a pipe.
const quietEvery = 5 * time.Second

// Source gives the state to be shown.
type Source interface {
	Live(ctx context.Context) (web.Live, error)
}

// Screen shows a source on a terminal, in place, or as single lines where there is none.
type Screen struct {
	Source Source
	Out    io.Writer
	Lang   string   // zh-CN or en
	Footer []string // shown below, such as where the recordings are
}

// Run shows the state until ctx ends. A source that fails is shown as such and asked again:
// the view must survive a restart of the hotline.
func (s *Screen) Run(ctx context.Context) error {
	file, isFile := s.Out.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return s.lines(ctx)
	}
	// The alternate screen keeps what the user had on his terminal.
	if _, err := io.WriteString(s.Out, "\x1b[?1049h\x1b[?25l"); err != nil {
		return fmt.Errorf("live view: %w", err)
	}
	defer func() { _, _ = io.WriteString(s.Out, "\x1b[?25h\x1b[?1049l") }()
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		cols, rows, err := term.GetSize(int(file.Fd()))
		if err != nil {
			cols, rows = 100, 30
		}
		if _, err := s.Out.Write(s.draw(ctx, cols, rows)); err != nil {
			return fmt.Errorf("live view: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// draw makes one picture of at most rows-1 lines: the end of the last line would scroll.
func (s *Screen) draw(ctx context.Context, cols, rows int) []byte {
	footer := s.foot(cols, rows)
	l, err := s.Source.Live(ctx)
	lines := []string{fit(clean(fmt.Sprint(err)), cols)}
	if err == nil {
		lines = Frame(l, s.Lang, cols, rows-len(footer)-1)
	}
	lines = append(lines, footer...)
	var b bytes.Buffer
	b.WriteString("\x1b[H")
	for _, line := range lines {
		b.WriteString(line + "\x1b[K\r\n")
	}
	b.WriteString("\x1b[J")
	return b.Bytes()
}

// foot is the footer below an empty line, at most half of the screen. Its last line, which
// says how to leave, stays.
func (s *Screen) foot(cols, rows int) []string {
	if len(s.Footer) == 0 {
		return nil
	}
	last := len(s.Footer) - 1
	out := append([]string{""}, clip(s.Footer[:last], max(1, rows/2-2), catalogue(s.Lang))...)
	out = append(out, s.Footer[last])
	for i, line := range out {
		out[i] = fit(clean(line), cols)
	}
	return out[min(len(out), max(0, len(out)-rows+1)):]
}

// lines writes one line per queue now and then, for logs.
func (s *Screen) lines(ctx context.Context) error {
	for _, line := range s.Footer {
		if _, err := fmt.Fprintln(s.Out, line); err != nil {
			return fmt.Errorf("live view: %w", err)
		}
	}
	tick := time.NewTicker(quietEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		l, err := s.Source.Live(ctx)
		line := summary(l, catalogue(s.Lang))
		if err != nil {
			line = clean(err.Error())
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, err := fmt.Fprintln(s.Out, line); err != nil {
			return fmt.Errorf("live view: %w", err)
		}
	}
}

func summary(l web.Live, w words) string {
	var out strings.Builder
	out.WriteString(l.At.Format(time.TimeOnly))
	for _, q := range l.Queues {
		level := "-"
		if q.ServiceLevel != nil {
			level = fmt.Sprintf("%.1f%%", *q.ServiceLevel)
		}
		out.WriteString(fmt.Sprintf("  %s: %s %d, %s %d, %s %d, %s %d, %s %d, %s %s", clean(q.Name), w.waiting, q.Waiting,
			w.ready, q.Ready, w.offered, q.Offered, w.answered, q.Answered, w.abandoned, q.Abandoned, w.level, level))
	}
	return out.String()
}
