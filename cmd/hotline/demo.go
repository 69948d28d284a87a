package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"hotline/configs"
	"hotline/internal/demo"
	"hotline/internal/live"
	"hotline/people"
)

// demoCmd runs a whole hotline with throw-away data.
type demoCmd struct {
	Agents   int              `help:"Number of agents, 0 to 500." default:"5"`
	NoPhones bool             `name:"no-phones" help:"Simulate nobody: real softphones and SIP tools register and call."`
	Every    time.Duration    `help:"Mean time between two simulated callers." default:"7s"`
	Lang     configs.Language `help:"Language of prompts and view: zh-CN or en." default:"zh-CN"`
	JSON     bool             `name:"json" help:"Print addresses and credentials as one JSON object and no live view."`
	Keep     string           `help:"Copy the finished recordings into this folder at the end." type:"path"`
}

// access is what a stranger needs to use the demo.
type access struct {
	Trunk      string        `json:"trunk"`      // host:port of SIP over UDP for callers
	Line       string        `json:"line"`       // number to dial
	Registrar  string        `json:"registrar"`  // host:port of SIP over UDP for agents
	Agents     []credentials `json:"agents"`     // who may register
	API        string        `json:"api"`        // base address
	Token      string        `json:"token"`      // bearer token of the API
	User       string        `json:"user"`       // administrator who may sign in
	Once       string        `json:"once"`       // his one-time password, to be changed at the first sign-in
	Recordings string        `json:"recordings"` // folder of the finished recordings
	Ledger     string        `json:"ledger"`     // SQLite file
}

type credentials struct {
	User      string `json:"user"`
	Password  string `json:"password"`
	Extension string `json:"extension"`
	Simulated bool   `json:"simulated"` // a simulated phone is registered already
}

func (c demoCmd) validate() error {
	switch {
	case c.Agents < 0 || c.Agents > 500:
		return fmt.Errorf("%w: --agents %d: must be 0 to 500", errUsage, c.Agents)
	case c.Every < 100*time.Millisecond || c.Every > time.Hour:
		return fmt.Errorf("%w: --every %s: must be 100ms to 1h", errUsage, c.Every)
	}
	return nil
}

// simulated is the number of agents that are played.
func (c demoCmd) simulated() int {
	if c.NoPhones {
		return 0
	}
	return c.Agents
}

// accounts is the number of phones that may register. Beside simulated people there is one
// more, so that a real phone can join them without taking anybody's place.
func (c demoCmd) accounts() int {
	if c.NoPhones {
		return c.Agents
	}
	return c.Agents + 1
}

// Run brings the site up, shows it until Ctrl-C and removes it.
func (c demoCmd) Run(e env) (err error) {
	if err := c.validate(); err != nil {
		return err
	}
	log := logger(e.errOut, configs.Log{Level: "error", Format: "text"})
	site, err := demo.Start(e.ctx, demo.Options{
		Agents: c.accounts(), Language: c.Lang, Stage: stages(e.errOut), Log: log,
		Change: func(cfg *configs.Config) { cfg.People.SecondFactor = nil }, // nobody binds a telephone to a demo
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.keep(site), site.Stop(context.WithoutCancel(e.ctx))) }()
	if !c.NoPhones {
		traffic, err := site.Phones(e.ctx, c.simulated(), c.Every, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, traffic.Stop(context.WithoutCancel(e.ctx))) }()
	}
	return c.show(e, site)
}

func (c demoCmd) show(e env, site *demo.Site) error {
	a := accessOf(site, c.simulated())
	if c.JSON {
		if err := json.NewEncoder(e.out).Encode(a); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		select {
		case <-e.ctx.Done():
			return nil
		case err := <-site.App.Failed():
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(e.ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-site.App.Failed():
			cancel(err)
		case <-ctx.Done():
		}
	}()
	screen := live.Screen{Source: site.App, Out: e.out, Lang: string(c.Lang), Footer: a.lines()}
	err := screen.Run(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return err
}

func accessOf(site *demo.Site, simulated int) access {
	a := access{
		Trunk: site.Asterisk.TrunkAddr, Line: demo.Line, Registrar: site.Asterisk.AgentAddr,
		API: "http://" + site.App.Addr(), Token: site.Token,
		User: people.FirstUser, Once: site.App.FirstPassword(),
		Recordings: site.Config.Recordings.Dir, Ledger: site.Config.Ledger.Path, Agents: []credentials{},
	}
	for i, g := range site.Asterisk.Agents {
		a.Agents = append(a.Agents, credentials{
			User: g.Name, Password: g.Password, Extension: g.Extension, Simulated: i < simulated,
		})
	}
	return a
}

// lines is the footer of the view, with the credentials that nobody uses yet.
func (a access) lines() []string {
	out := []string{
		fmt.Sprintf("call      sip:%s@%s (UDP, from this machine)", a.Line, a.Trunk),
		fmt.Sprintf("recorded  %s", a.Recordings),
		fmt.Sprintf("API       %s/api/v1/live  token %s", a.API, a.Token),
		fmt.Sprintf("sign-in   %s/api/v1/session  %s, one-time password %s", a.API, a.User, a.Once),
	}
	for _, g := range a.Agents {
		if !g.Simulated {
			out = append(out, fmt.Sprintf("agent     sip:%s@%s  password %s", g.User, a.Registrar, g.Password))
		}
	}
	return append(out, "Ctrl-C ends the demo and removes everything.")
}

// keep copies the recordings out of the folder that is about to go.
func (c demoCmd) keep(site *demo.Site) error {
	if c.Keep == "" {
		return nil
	}
	if err := os.CopyFS(c.Keep, os.DirFS(site.Config.Recordings.Dir)); err != nil {
		return fmt.Errorf("keep recordings in %s: %w", filepath.Clean(c.Keep), err)
	}
	return nil
}

// stages prints what is done and how long it took.
func stages(w io.Writer) func(string, time.Duration, error) {
	return func(name string, took time.Duration, err error) {
		result := "done"
		if err != nil {
			result = err.Error()
		}
		// A terminal that is gone must not end the demo.
		_, _ = fmt.Fprintf(w, "%7.1f s  %s: %s\n", took.Seconds(), name, result)
	}
}
