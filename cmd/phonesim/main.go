// Command phonesim puts simulated SIP telephones at a telephone switch: agents
// who register, ring and answer, and callers who dial. It writes a ledger of
// who rang, who answered and who heard whom, one JSON object a line.
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
	"time"

	"github.com/alecthomas/kong"

	"hotline/internal/phonesim"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// closeTime bounds hanging up and unregistering at the end.
const closeTime = 15 * time.Second

// cli is the command line.
type cli struct {
	Agents  agentsCmd  `cmd:"" help:"Register agents, who ring and answer until Ctrl-C or --for."`
	Callers callersCmd `cmd:"" help:"Dial a number again and again; ends with the last call."`
}

// env is what a command works with. Tests put their own in.
type env struct {
	ctx         context.Context
	out, errOut io.Writer
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run maps signals to a context: the first asks for an orderly end, a second
// one ends the process at once.
func run(args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return runWith(env{ctx: ctx, out: out, errOut: errOut}, args)
}

// runWith parses and runs one command, and maps errors to exit codes.
func runWith(e env, args []string) int {
	var c cli
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("phonesim"),
		kong.Description("Simulated SIP telephones."),
		kong.UsageOnError(),
		kong.Writers(e.out, e.errOut),
		kong.Exit(func(code int) { exit = code }),
		kong.Bind(e),
	)
	if err != nil {
		fmt.Fprintln(e.errOut, "phonesim:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit // --help was printed.
	}
	if err != nil {
		fmt.Fprintln(e.errOut, "phonesim:", err)
		return exitUsage
	}
	if err := parsed.Run(e); err != nil {
		fmt.Fprintln(e.errOut, "phonesim:", err)
		return exitFailed
	}
	return exitOK
}

// common are the flags of every command.
type common struct {
	Listen      string        `help:"SIP address of these telephones (host:port)." default:"127.0.0.1:0"`
	Bind        string        `help:"IP address of the audio." default:"127.0.0.1"`
	Ledger      string        `help:"File to add the ledger to, as JSON lines." type:"path" placeholder:"FILE"`
	Say         string        `help:"Speak from this audio file (WAV, .alaw, .ulaw)." type:"existingfile"`
	Timeout     time.Duration `help:"Limit of one SIP transaction." default:"5s"`
	FirstTone   int           `help:"First code to speak; give each process of a role its own range."`
	Seed        uint64        `help:"Seed of everything random." default:"1"`
	AllowRemote bool          `help:"Allow switches on other machines than this one."`
}

// simulator starts a simulator with a ledger file; finish closes both and
// prints what happened.
func (c *common) simulator(e env, opts phonesim.Options) (sim *phonesim.Sim, finish func() error, err error) {
	ledger, err := openLedger(c.Ledger)
	if err != nil {
		return nil, nil, err
	}
	opts.Bind = c.Bind
	opts.FirstTone = c.FirstTone
	opts.Timeout = c.Timeout
	opts.AllowRemote = c.AllowRemote
	opts.Notify = ledger.note
	opts.Log = slog.New(slog.NewTextHandler(e.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	sim, err = phonesim.New(opts)
	if err != nil {
		return nil, nil, errors.Join(err, ledger.close())
	}
	return sim, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), closeTime)
		defer cancel()
		err := errors.Join(sim.Close(ctx), ledger.close())
		summarise(e.out, sim)
		return err
	}, nil
}

// audio loads what the telephones say; nil without --say.
func (c *common) audio() (*phonesim.Audio, error) {
	if c.Say == "" {
		return nil, nil
	}
	return phonesim.LoadAudio(c.Say, true)
}
