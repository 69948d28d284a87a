package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
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

func (s *Screen) draw(ctx context.Context, cols, rows int) []byte {
	var b bytes.Buffer
	b.WriteString("\x1b[H")
	l, err := s.Source.Live(ctx)
	lines := []string{fit(clean(fmt.Sprint(err)), cols)}
	if err == nil {
		lines = Frame(l, s.Lang, cols, rows-len(s.Footer)-1)
	}
	for _, line := range s.Footer {
		lines = append(lines, fit(line, cols))
	}
	for _, line := range lines {
		b.WriteString(line + "\x1b[K\r\n")
	}
	b.WriteString("\x1b[J")
	return b.Bytes()
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
		if err != nil {
			if ctx.Err() == nil {
				_, err = fmt.Fprintln(s.Out, clean(err.Error()))
			}
		} else {
			_, err = fmt.Fprintln(s.Out, summary(l, catalogue(s.Lang)))
		}
		if err != nil {
			return fmt.Errorf("live view: %w", err)
		}
	}
}

func summary(l web.Live, w words) string {
	out := l.At.Format(time.TimeOnly)
	for _, q := range l.Queues {
		level := "-"
		if q.ServiceLevel != nil {
			level = fmt.Sprintf("%.1f%%", *q.ServiceLevel)
		}
		out += fmt.Sprintf("  %s: %s %d, %s %d, %s %d, %s %d, %s %d, %s %s", clean(q.Name), w.waiting, q.Waiting,
			w.ready, q.Ready, w.offered, q.Offered, w.answered, q.Answered, w.abandoned, q.Abandoned, w.level, level)
	}
	return out
}
