package chaos

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// line stands between the hotline and Asterisk or Redis and does to the bytes what a bad
// network does.
type line struct {
	listener net.Listener
	wg       sync.WaitGroup
	end      chan struct{}

	mu     sync.Mutex
	target string
	conns  map[net.Conn]bool
	how    weather
	change chan struct{} // closed at the next change of how
}

// weather is what a line does. The zero value passes everything at once.
type weather struct {
	cut   bool                             // connections break, new ones are refused
	held  bool                             // nothing passes, nobody is told: half-open
	delay time.Duration                    // of every piece of data, each way
	rate  int                              // bytes a second from the server; 0 = no limit
	serve func(net.Conn) error             // answers in place of the server; nil = the server does
	wrap  func(io.Reader, io.Writer) error // carries the server's bytes; nil = as they are
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &line{
		target: target, listener: l, end: make(chan struct{}), conns: map[net.Conn]bool{}, change: make(chan struct{}),
	}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		close(p.end)
		p.set(weather{cut: true})
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		p.wg.Wait()
	})
	return p
}

func (p *line) addr() string { return p.listener.Addr().String() }

// set changes the weather. What answers in place of the server, or carries its bytes, holds
// for connections from now on, so the old ones break.
func (p *line) set(w weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	broken := w.cut || w.serve != nil || p.how.serve != nil || w.wrap != nil || p.how.wrap != nil
	p.how = w
	close(p.change)
	p.change = make(chan struct{})
	if broken {
		p.breakAll()
	}
}

func (p *line) breakAll() {
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *line) now() (weather, string, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.how, p.target, p.change
}

func (p *line) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() {
			defer p.drop(c)
			if p.keep(c) {
				p.serve(c)
			}
		})
	}
}

func (p *line) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.how.cut {
		p.conns[c] = true
	}
	return !p.how.cut
}

func (p *line) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = c.Close()
	delete(p.conns, c)
}

func (p *line) serve(c net.Conn) {
	w, target, _ := p.now()
	if w.serve != nil {
		_ = w.serve(c) // ends when the connection does
		return
	}
	up, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer p.drop(up)
	if !p.keep(up) {
		return
	}
	var both sync.WaitGroup
	carry := func(to, from net.Conn, down bool) {
		both.Go(func() {
			var in io.Reader = shaped{p, from, down}
			if down && w.wrap != nil {
				_ = w.wrap(in, to)
			} else {
				_, _ = io.Copy(to, in) // the end of one way is the end of the other
			}
			_ = to.Close()
			_ = from.Close()
		})
	}
	carry(up, c, false)
	carry(c, up, true)
	both.Wait()
}

// shaped reads at the pace of the weather.
type shaped struct {
	p    *line
	from io.Reader
	down bool
}

func (s shaped) Read(b []byte) (int, error) {
	if before, _, _ := s.p.now(); s.down && before.rate > 0 {
		b = b[:min(len(b), max(1, before.rate/20))]
	}
	n, err := s.from.Read(b)
	for n > 0 {
		w, _, changed := s.p.now()
		wait := w.delay
		if s.down && w.rate > 0 {
			wait += time.Duration(n) * time.Second / time.Duration(w.rate)
		}
		if w.held {
			wait = time.Hour
		}
		if wait == 0 || !s.p.sleep(wait, changed) {
			break
		}
	}
	return n, err
}

// sleep waits; true means that the weather has changed meanwhile.
func (p *line) sleep(d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return false
	case <-p.end:
		return false
	case <-changed:
		return true
	}
}
