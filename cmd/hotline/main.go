// Command hotline is a complaint hotline: it drives an Asterisk over ARI, queues callers to
// agents, records every call and computes the figures.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"hotline/configs"
	"hotline/reports"
)

// The exit codes. 2 is for what the operator wrote, so that a supervisor does not restart
// into the same mistake.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// cli is the command line.
type cli struct {
	Serve      serveCmd      `cmd:"" help:"Run the hotline."`
	Demo       demoCmd       `cmd:"" help:"Run a whole hotline on this machine with simulated phones; Ctrl-C removes it."`
	Check      checkCmd      `cmd:"" help:"Say in plain words what is missing or wrong."`
	Live       liveCmd       `cmd:"" help:"Show queues, agents and calls, refreshed in place."`
	Report     reportCmd     `cmd:"" help:"Print the figures of a period."`
	Issues     issuesCmd     `cmd:"" help:"Reports of days, weeks and months as they were issued."`
	Stats      statsCmd      `cmd:"" help:"Compare the counters in Redis with the ledger, or rebuild them."`
	Recordings recordingsCmd `cmd:"" help:"Find recordings."`
	Agent      agentCmd      `cmd:"" help:"Set an agent ready, on a break or offline."`
	User       userCmd       `cmd:"" help:"Users who may sign in, and tokens of programs."`
	Audit      auditCmd      `cmd:"" help:"Who did what: list the audit log, or verify it."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the ledger's tables up to date."`
	Backup     backupCmd     `cmd:"" help:"Copy the ledger, users and audit log of a running hotline (SQLite)."`

	AsteriskFiles asteriskFilesCmd `cmd:"" help:"Write the configuration, prompts and music for an Asterisk of your own."`
}

// env is what a command works with. Tests put their own in.
type env struct {
	ctx    context.Context
	out    io.Writer
	errOut io.Writer
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run parses, maps signals to a context and errors to exit codes. The first signal asks for
// an orderly end; a second one ends the process at once. A terminal that is closed ends it
// too, unless nohup said otherwise.
func run(args []string, out, errOut io.Writer) int {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	context.AfterFunc(ctx, stop)
	return runWith(env{ctx: ctx, out: out, errOut: errOut}, args)
}

func runWith(e env, args []string) int {
	var c cli
	exit := -1
	parser, err := kong.New(&c, kong.Name("hotline"), kong.Description("A complaint hotline in one binary."),
		kong.Writers(e.out, e.errOut), kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(e.errOut, "hotline:", err)
		return exitFailed
	}
	k, err := parser.Parse(args)
	switch {
	case exit >= 0: // --help has been printed
		return exit
	case err != nil:
		fmt.Fprintln(e.errOut, "hotline:", err)
		return exitUsage
	}
	err = k.Run(e)
	var wrong configs.Problems
	switch {
	case err == nil, errors.Is(err, context.Canceled) && e.ctx.Err() != nil:
		return exitOK // asked to end, also while it was still starting
	case errors.As(err, &wrong), errors.Is(err, errUsage), errors.Is(err, reports.ErrInvalid):
		fmt.Fprintln(e.errOut, err)
		return exitUsage
	default:
		fmt.Fprintln(e.errOut, "hotline:", err)
		return exitFailed
	}
}

// errUsage marks an error in what was written on the command line.
var errUsage = errors.New("usage")

// configFlag is the place of the configuration, the same for all commands.
type configFlag struct {
	Config string `help:"Configuration file." default:"/etc/hotline/hotline.yaml" type:"path" env:"HOTLINE_CONFIG"`
}

// load reads the configuration. Every error in it is the operator's to correct.
func (f configFlag) load() (*configs.Config, error) {
	cfg, err := configs.Load(f.Config, os.Environ())
	var wrong configs.Problems
	if err != nil && !errors.As(err, &wrong) {
		err = fmt.Errorf("%w: %w", errUsage, err)
	}
	return cfg, err
}

func logger(w io.Writer, c configs.Log) *slog.Logger {
	opt := &slog.HandlerOptions{Level: c.Level.Slog()}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opt))
	}
	return slog.New(slog.NewTextHandler(w, opt))
}
