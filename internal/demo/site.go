// Package demo is a whole hotline on one machine with throw-away data: a real Asterisk, a
// real Redis, the hotline itself and, if wanted, simulated callers and agents. The demo
// shows it and the end-to-end tests prove it, so both run the same code.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"hotline/call"
	"hotline/configs"
	"hotline/configs/asterisk"
	"hotline/configs/prompts"
	"hotline/internal/app"
	"hotline/internal/testbed"
)

// Line and Queue are the one number and the one queue of the demo.
const (
	Line  = "95001"
	Queue = call.QueueID("complaints")
)

// stopMax bounds the stop of the whole site.
const stopMax = 30 * time.Second

// Options say what the site is like. The zero value is a site without agents.
type Options struct {
	Agents   int                    // a1001, a1002, ...
	Language configs.Language       // of prompts; "" = zh-CN
	Change   func(*configs.Config)  // last word on the configuration; may be nil
	Files    func(*asterisk.Params) // last word on Asterisk's files; may be nil
	Outside  bool                   // the hotline itself is started elsewhere, as a process of its own
	Stage    testbed.Stage          // told what is done and how long it took; may be nil
	Log      *slog.Logger           // of the hotline; nil = discard
}

// Site is a running hotline with everything it needs.
type Site struct {
	App      *app.App
	Config   *configs.Config
	Asterisk *testbed.Asterisk
	Redis    *testbed.Redis
	Token    string // of the API
	Dir      string // everything the site writes; removed by Stop

	dir *testbed.RunDir
	log *slog.Logger
}

// Start brings the site up. When a part fails, those that ran are stopped again.
func Start(ctx context.Context, o Options) (*Site, error) {
	// A run folder: what a site that was killed leaves behind goes with the next start.
	dir, err := testbed.NewRunDir()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	s := &Site{Dir: dir.Path, Token: rand.Text(), dir: dir, log: o.Log}
	if err := s.start(ctx, o); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Site) start(ctx context.Context, o Options) error {
	sounds, music := filepath.Join(s.Dir, "sounds"), filepath.Join(s.Dir, "music")
	if err := errors.Join(prompts.WriteSounds(filepath.Join(sounds, "hotline")), prompts.WriteMusic(music)); err != nil {
		return err
	}
	var err error
	s.Redis, err = testbed.StartRedis(ctx, testbed.RedisOptions{Stage: o.Stage})
	if err != nil {
		return err
	}
	s.Asterisk, err = testbed.StartAsterisk(ctx, testbed.Options{
		Agents: testbed.Agents(o.Agents), SoundsDir: sounds, MOHDir: music, Stage: o.Stage,
		Prepare: func(a *testbed.Asterisk, p *asterisk.Params) {
			// Asterisk's own queues are made of the hotline's settings, so those come first.
			s.Config = s.configure(o, a)
			p.Queues, p.Lines = app.Fallback(s.Config)
			if o.Files != nil {
				o.Files(p)
			}
		},
	})
	if err != nil {
		return err
	}
	if s.Config == nil { // it runs elsewhere with files of its own
		s.Config = s.configure(o, s.Asterisk)
	}
	if err := s.Config.Validate(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if o.Outside {
		return nil
	}
	return s.StartApp(ctx)
}

// StartApp starts the hotline alone, on an Asterisk and a Redis that run already.
func (s *Site) StartApp(ctx context.Context) (err error) {
	s.App, err = app.Start(ctx, s.Config, s.log)
	return err
}

// configure is hotline.yaml as it would be written for this site.
func (s *Site) configure(o Options, a *testbed.Asterisk) *configs.Config {
	c := configs.Default()
	c.Site.Name, c.Site.Language = "hotline demo", configs.Chinese
	if o.Language != "" {
		c.Site.Language = o.Language
	}
	c.Asterisk.URL = trimARI(a.ARIURL)
	c.Asterisk.User, c.Asterisk.Password = a.ARIUser, configs.NewSecret(a.ARIPassword)
	c.Asterisk.App, c.Asterisk.RecordingDir = a.App, a.RecordingDir
	c.Redis.Addr = s.Redis.Addr
	c.Ledger.Path = filepath.Join(s.Dir, "ledger.db")
	c.Recordings.Dir = filepath.Join(s.Dir, "recordings")
	c.API.Listen, c.API.Token = "127.0.0.1:0", configs.NewSecret(s.Token)
	line, queue := configs.DefaultLine(), configs.DefaultQueue()
	line.Number, line.Queue = Line, Queue
	line.Greetings = []configs.Greeting{
		{From: clock(6), To: clock(12), Prompt: "greeting-morning"},
		{From: clock(12), To: clock(18), Prompt: "greeting-afternoon"},
		{From: clock(18), To: clock(23), Prompt: "greeting-evening"},
		{From: clock(23), To: clock(6), Prompt: "greeting-night"},
	}
	queue.ID, queue.Name, queue.MusicClass = Queue, "投诉", "default"
	if c.Site.Language == configs.English {
		queue.Name = "complaints"
	}
	queue.WrapUp = 5 * time.Second
	c.Lines, c.Queues = []configs.Line{line}, []configs.Queue{queue}
	for _, g := range a.Agents {
		c.Agents = append(c.Agents, configs.Agent{
			ID: call.AgentID(g.Name), Extension: g.Extension, Queues: []call.QueueID{Queue},
		})
	}
	if o.Change != nil {
		o.Change(c)
	}
	c.Complete()
	return c
}

func clock(hour int) configs.ClockTime { return configs.ClockTime(hour * 60) }

func trimARI(url string) string {
	return url[:len(url)-len("/ari")]
}

// StopApp ends the hotline alone; its calls live on in Asterisk.
func (s *Site) StopApp(ctx context.Context) error {
	if s.App == nil {
		return nil
	}
	err := s.App.Stop(ctx)
	s.App = nil
	return err
}

// Stop ends everything and removes what the site wrote.
func (s *Site) Stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopMax)
	defer cancel()
	err := s.StopApp(ctx)
	if s.Asterisk != nil {
		err = errors.Join(err, s.Asterisk.Stop())
	}
	if s.Redis != nil {
		err = errors.Join(err, s.Redis.Stop())
	}
	return errors.Join(err, s.dir.Remove())
}
