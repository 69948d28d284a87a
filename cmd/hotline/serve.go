package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"hotline/call"
	"hotline/configs"
	"hotline/internal/app"
	"hotline/internal/live"
	"hotline/people"
	"hotline/reports/sqlstore"
)

// serveCmd runs the hotline until a signal comes or a part fails.
type serveCmd struct {
	configFlag
}

// Run serves.
func (c serveCmd) Run(e env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if err := cfg.MakeToken(); err != nil {
		return err
	}
	log := logger(e.errOut, cfg.Log)
	a, err := app.Start(e.ctx, cfg, log)
	if err != nil {
		return err
	}
	log.Info("hotline runs", "api", a.Addr())
	// Not by the log, which is kept and sent elsewhere.
	if password := a.FirstPassword(); password != "" {
		if err := printPassword(e, people.FirstUser, password); err != nil {
			return errors.Join(err, a.Stop(context.WithoutCancel(e.ctx)))
		}
	}
	select {
	case <-e.ctx.Done():
		log.Info("stopping; calls go on in Asterisk")
	case err = <-a.Failed():
	}
	return errors.Join(err, a.Stop(context.WithoutCancel(e.ctx)))
}

// apiFlags say where the API of a running hotline is.
type apiFlags struct {
	configFlag
	API       string `help:"Address of the API; default: api.listen of the configuration." placeholder:"HOST:PORT"`
	TokenFile string `help:"File with the API's token; default: api.token_file of the configuration." type:"path"`
}

func (f apiFlags) client() (*live.Client, error) {
	if f.API != "" {
		token, err := readToken(f.TokenFile)
		if err != nil {
			return nil, err
		}
		return live.NewClient(f.API, token), nil
	}
	cfg, err := f.load()
	if err != nil {
		return nil, err
	}
	if cfg.API.Token.Empty() {
		return nil, fmt.Errorf("%s is not there yet: the first start of hotline serve makes it", cfg.API.TokenFile)
	}
	return live.NewClient(cfg.API.Listen, cfg.API.Token.Reveal()), nil
}

func readToken(path string) (string, error) {
	if path == "" {
		return os.Getenv("HOTLINE_TOKEN"), nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// liveCmd is the terminal view.
type liveCmd struct {
	apiFlags
	Lang string `help:"Language: zh-CN or en." enum:"zh-CN,en" default:"zh-CN"`
}

// Run shows it until Ctrl-C.
func (c liveCmd) Run(e env) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	screen := live.Screen{Source: client, Out: e.out, Lang: c.Lang}
	return screen.Run(e.ctx)
}

// agentCmd sets an agent's state.
type agentCmd struct {
	apiFlags
	Agent  string `arg:"" help:"Agent's id."`
	State  string `arg:"" help:"ready, break or offline." enum:"ready,break,offline"`
	Reason string `arg:"" optional:"" help:"Reason of a break."`
}

// Run asks for it.
func (c agentCmd) Run(e env) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	defer client.Close()
	return client.SetAgent(e.ctx, call.AgentID(c.Agent), call.AgentState(c.State), c.Reason)
}

// migrateCmd brings the tables of the ledger and of what stands beside it up to date; serve does
// so, too.
type migrateCmd struct {
	configFlag
	Rebuild bool `help:"Make the tables of the reports anew from the events; nothing is written meanwhile."`
}

// Run opens the ledger, which migrates it.
func (c migrateCmd) Run(e env) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	store, err := sqlstore.OpenAt(e.ctx, app.LedgerAt(cfg))
	if err != nil {
		return err
	}
	if c.Rebuild {
		_, err = store.Rebuild(e.ctx)
	}
	var last uint64
	if err == nil {
		last, err = store.LastSeq(e.ctx)
	}
	if err == nil {
		err = migratePeople(e, cfg)
	}
	if err == nil {
		_, err = fmt.Fprintf(e.out, "%s is up to date, %d events\n", app.LedgerAt(cfg), last)
	}
	return errors.Join(err, store.Close())
}

// migratePeople brings the stores beside the ledger up to date.
func migratePeople(e env, cfg *configs.Config) error {
	p, err := app.OpenPeople(e.ctx, cfg, nil, nil)
	if err != nil {
		return err
	}
	return p.Close()
}
