package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"hotline/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source gives one state or error after the other, the last one again and again.
type source struct {
	answers []answer
	asked   int
}

type answer struct {
	live web.Live
	err  error
}

func (s *source) Live(context.Context) (web.Live, error) {
	a := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	return a.live, a.err
}

// Without a terminal the view writes a line now and then, goes on after an error, and ends
// without one.
func TestScreenWithoutTerminalWritesLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evil := errors.New("api: refused\x1b[2J\nby nobody")
		s := &source{answers: []answer{{live: busyHour()}, {err: evil}, {live: quietNight()}}}
		var out bytes.Buffer
		screen := Screen{Source: s, Out: &out, Lang: "en", Footer: []string{"recorded here", "Ctrl-C ends it."}}
		ctx, cancel := context.WithTimeout(t.Context(), 3*quietEvery+time.Second)
		defer cancel()
		if err := screen.Run(ctx); err != nil {
			t.Errorf("the end by Ctrl-C is the error %v", err)
		}
		want := "recorded here\nCtrl-C ends it.\n" +
			"14:05:09  投诉受理: waiting 3, ready 0, offered 1207, answered 1001, abandoned 203, level 85.7%" +
			"  senior: waiting 0, ready 1, offered 0, answered 0, abandoned 0, level -\n" +
			"api: refused[2Jby nobody\n" +
			"14:05:09  complaints: waiting 0, ready 0, offered 0, answered 0, abandoned 0, level -\n"
		if out.String() != want {
			t.Errorf("got\n%s\nwant\n%s", out.String(), want)
		}
	})
}

// A source that is asked while the user leaves is no error either.
func TestScreenEndsWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var out bytes.Buffer
		screen := Screen{Source: leaving{cancel}, Out: &out, Lang: "en"}
		if err := screen.Run(ctx); err != nil || out.Len() > 0 {
			t.Errorf("%v, written %q; want neither", err, out.String())
		}
	})
}

// leaving ends the view in the moment it is asked.
type leaving struct{ cancel context.CancelFunc }

func (l leaving) Live(ctx context.Context) (web.Live, error) {
	l.cancel()
	return web.Live{}, ctx.Err()
}

// broken takes nothing, as a pipe whose reader has left.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestScreenEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		screen := Screen{Source: &source{answers: []answer{{live: quietNight()}}}, Out: broken{}}
		if err := screen.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "broken pipe") {
			t.Errorf("%v, want one that says what broke", err)
		}
	})
}

// A picture never scrolls the terminal, its footer leaves half of it to the figures, and how
// to leave is always said.
func TestDrawFitsTheTerminal(t *testing.T) {
	var footer []string
	for i := range 40 {
		footer = append(footer, fmt.Sprintf("agent     sip:a%d@127.0.0.1 \x1b[31mpassword", 1001+i))
	}
	footer = append(footer, "Ctrl-C ends the demo.")
	s := Screen{Source: &source{answers: []answer{{live: fortyAgents()}}}, Lang: "en", Footer: footer}
	for _, size := range [][2]int{{130, 40}, {80, 24}, {20, 5}, {1, 1}, {0, 0}} {
		cols, rows := size[0], size[1]
		text := string(s.draw(t.Context(), cols, rows))
		if n := strings.Count(text, "\n"); n > max(0, rows-1) {
			t.Errorf("%dx%d: %d lines", cols, rows, n)
		}
		if cols >= 80 && (!strings.Contains(text, "Ctrl-C ends the demo.") || !strings.Contains(text, "answered")) {
			t.Errorf("%dx%d: figures or footer are missing:\n%s", cols, rows, text)
		}
		body := strings.NewReplacer("\x1b[H", "", "\x1b[K\r\n", "\n", "\x1b[J", "").Replace(text)
		if strings.ContainsAny(body, "\x1b\r") {
			t.Errorf("%dx%d: a footer steers the terminal: %q", cols, rows, body)
		}
	}
}

// A source that fails is shown as such, in place of the figures.
func TestDrawShowsAnError(t *testing.T) {
	s := Screen{Source: &source{answers: []answer{{err: errors.New("api: \x1b[2Jno answer")}}}, Footer: []string{"end"}}
	got := string(s.draw(t.Context(), 80, 24))
	if want := "\x1b[Hapi: [2Jno answer\x1b[K\r\n\x1b[K\r\nend\x1b[K\r\n\x1b[J"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
