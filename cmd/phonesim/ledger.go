package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"

	"hotline/internal/phonesim"
)

// ledger appends the record of each leg to a file when the leg ends. Without a
// file it does nothing.
type ledger struct {
	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
	err  error // The first failure; writing stops there.
}

func openLedger(path string) (*ledger, error) {
	if path == "" {
		return &ledger{}, nil
	}
	// A ledger holds telephone numbers: it is nobody else's to read.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return &ledger{file: f, buf: bufio.NewWriter(f)}, nil
}

// note is told each step of each leg.
func (l *ledger) note(e phonesim.Event) {
	if e.What != phonesim.WhatEnded || l.file == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		// Flushed line by line, so that a reader sees whole lines at any time.
		l.err = errors.Join(phonesim.WriteJSON(l.buf, e.Record), l.buf.Flush())
	}
}

func (l *ledger) close() error {
	if l.file == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(l.err, l.file.Close()); err != nil {
		return fmt.Errorf("write ledger: %w", err)
	}
	return nil
}

// summarise prints how the legs went and how well the audio kept its pace.
func summarise(out io.Writer, sim *phonesim.Sim) {
	results := make(map[string]int)
	var sent, received, lost uint64
	for _, r := range sim.Ledger() {
		results[fmt.Sprintf("%s %s", r.Role, r.Result)]++
		sent += r.RTP.Sent
		received += r.RTP.Received
		lost += r.RTP.Lost
	}
	for _, k := range slices.Sorted(maps.Keys(results)) {
		fmt.Fprintf(out, "%s: %d\n", k, results[k])
	}
	m := sim.Media()
	fmt.Fprintf(out, "audio packets: %d sent, %d received, %d lost; %d late ticks, latest %v\n",
		sent, received, lost, m.LateTicks, m.MaxLate)
}
