package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/ari"
	"hotline/configs"
	"hotline/recorder/store"
)

// Finding is one thing that Check looked at.
type Finding struct {
	Name   string // what was looked at
	Detail string // what was found
	Fix    string // what to do, when Bad or Warn
	Bad    bool   // the hotline cannot work like this
	Warn   bool   // it works, but not well
}

// oldest is the first Asterisk in which an ARI user cannot take over the machine.
var oldest = [3]int{22, 10, 1}

// needed are the modules without which the walk of a call breaks, also while no controller is
// there.
var needed = []string{
	"res_ari_channels.so", "res_ari_bridges.so", "res_ari_playbacks.so", "res_ari_applications.so",
	"res_ari_endpoints.so", "res_ari_asterisk.so", "res_ari_events.so", "res_stasis_playback.so",
	"app_stasis.so", "app_mixmonitor.so", "chan_pjsip.so", "res_pjsip_session.so", "res_pjsip_sdp_rtp.so",
	"res_rtp_asterisk.so", "bridge_simple.so", "bridge_softmix.so", "bridge_holding.so", "codec_alaw.so",
	"format_pcm.so", "format_sln.so", "res_musiconhold.so", "res_timing_timerfd.so", "pbx_config.so",
	"func_callerid.so", "func_logic.so", "func_math.so", "func_strings.so",
	"app_queue.so", "app_stack.so", "func_env.so",
}

// clockMax is how far the clocks of Asterisk and Redis may be from ours: figures compare
// times to 50 ms, and HTTP tells Asterisk's clock in whole seconds.
const clockMax = 2 * time.Second

// Check looks at everything the hotline needs, without changing anything. It goes on after
// a fault, so that one run shows all of them.
func Check(ctx context.Context, cfg *configs.Config) []Finding {
	var out []Finding
	out = append(out, checkAsterisk(ctx, cfg)...)
	out = append(out, checkRedis(ctx, cfg)...)
	out = append(out, checkLedger(ctx, cfg))
	out = append(out, checkFolders(cfg)...)
	out = append(out, checkLines(cfg, time.Now())...)
	out = append(out, ringLimits(cfg)...)
	return out
}

func checkAsterisk(ctx context.Context, cfg *configs.Config) []Finding {
	client, err := ari.New(ari.Options{
		URL: cfg.Asterisk.URL + "/ari", User: cfg.Asterisk.User, Password: cfg.Asterisk.Password.Reveal(),
		App: cfg.Asterisk.App, CommandTimeout: cfg.Asterisk.RequestTimeout,
	})
	if err != nil {
		return []Finding{{Name: "asterisk", Detail: err.Error(), Bad: true, Fix: "correct the asterisk section"}}
	}
	info, err := client.Info(ctx)
	if err != nil {
		return []Finding{unreachable(cfg, err)}
	}
	found := []Finding{version(info.Version)}
	return append(found, modules(ctx, client, neededBy(cfg)), application(ctx, client, cfg), captures(ctx, client, cfg),
		asteriskClock(ctx, client), phones(ctx, client, cfg), outsideWay(ctx, client, cfg))
}

func unreachable(cfg *configs.Config, err error) Finding {
	f := Finding{Name: "asterisk", Detail: fmt.Sprintf("%s: %v", cfg.Asterisk.URL, err), Bad: true}
	var refused *ari.Error
	switch {
	case errors.As(err, &refused) && refused.Status == 401:
		f.Detail = fmt.Sprintf("Asterisk refuses the user %q or its password", cfg.Asterisk.User)
		f.Fix = "compare ari.conf with asterisk.user and asterisk.password_file"
	case errors.As(err, &refused) && refused.Status == 404:
		f.Fix = "asterisk.url must be the base address without /ari, and res_ari.so must be loaded"
	default:
		f.Fix = "start Asterisk, or correct asterisk.url; http.conf must be enabled on that address"
	}
	return f
}

func version(text string) Finding {
	f := Finding{Name: "asterisk version", Detail: text}
	var v [3]int
	// A version such as "22.10.1+dfsg" or "GIT-master-..." gives as many numbers as it has.
	if n, _ := fmt.Sscanf(text, "%d.%d.%d", &v[0], &v[1], &v[2]); n == 0 {
		f.Warn, f.Fix = true, "the version cannot be read; 22.10.1 or newer is needed"
		return f
	}
	for i := range v {
		if v[i] != oldest[i] {
			if v[i] < oldest[i] {
				f.Bad, f.Fix = true, "install Asterisk 22.10.1 or newer: older ones have known holes in ARI"
			}
			break
		}
	}
	return f
}

// neededBy adds what only some settings need.
func neededBy(cfg *configs.Config) []string {
	if slices.ContainsFunc(cfg.Agents, func(a configs.Agent) bool { return a.AutoAnswer }) {
		return append(slices.Clone(needed), "res_pjsip_header_funcs.so") // auto_answer sets headers
	}
	return needed
}

func modules(ctx context.Context, client *ari.Client, needed []string) Finding {
	f := Finding{Name: "asterisk modules"}
	list, err := client.Modules(ctx)
	if err != nil {
		f.Detail, f.Bad, f.Fix = err.Error(), true, "load res_ari_asterisk.so"
		return f
	}
	running := make(map[string]bool, len(list))
	for _, m := range list {
		running[m.Name] = m.Status == "Running"
	}
	var missing []string
	for _, name := range needed {
		if !running[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		f.Detail, f.Bad = "not running: "+strings.Join(missing, ", "), true
		f.Fix = "add them to modules.conf; configs/asterisk has the list"
		return f
	}
	f.Detail = fmt.Sprintf("all %d needed modules run", len(needed))
	return f
}

// application asks the dialplan which application takes the calls. ARI reads variables but
// evaluates no function without a channel, so the dialplan names it in a variable.
func application(ctx context.Context, client *ari.Client, cfg *configs.Config) Finding {
	f := Finding{Name: "dialplan", Bad: true}
	app, err := client.GlobalVariable(ctx, "HOTLINE_APP")
	switch {
	case err != nil:
		f.Detail, f.Fix = fmt.Sprintf("cannot be read: %v", err), "load res_ari_asterisk.so"
	case app == "":
		f.Detail = "it does not say which application takes the calls"
		f.Fix = "use extensions.conf of configs/asterisk, which sets HOTLINE_APP"
	case app != cfg.Asterisk.App:
		f.Detail = fmt.Sprintf("calls enter the application %q, not %q", app, cfg.Asterisk.App)
		f.Fix = "correct asterisk.app, or HOTLINE_APP in extensions.conf"
	default:
		f.Detail, f.Bad = fmt.Sprintf("calls enter the application %q", app), false
	}
	return f
}

// captures compares where Asterisk records with where we look. Both may be right when the
// folder has two names, so a difference is a warning.
func captures(ctx context.Context, client *ari.Client, cfg *configs.Config) Finding {
	f := Finding{Name: "recordings in Asterisk"}
	dir, err := client.GlobalVariable(ctx, "RECORDING_DIR")
	if err == nil && dir != "" && filepath.Clean(dir) == filepath.Clean(cfg.Asterisk.RecordingDir) {
		f.Detail = dir
		return f
	}
	f.Detail, f.Warn = fmt.Sprintf("written to %q, looked for in %q", dir, cfg.Asterisk.RecordingDir), true
	f.Fix = "asterisk.recording_dir must be the folder that RECORDING_DIR in extensions.conf names"
	if err != nil {
		f.Detail = fmt.Sprintf("RECORDING_DIR cannot be read: %v", err)
	}
	return f
}

func asteriskClock(ctx context.Context, client *ari.Client) Finding {
	f := Finding{Name: "clock of Asterisk"}
	text, err := client.GlobalVariable(ctx, "EPOCH")
	var epoch int64
	if err == nil {
		_, err = fmt.Sscan(text, &epoch)
	}
	if err != nil {
		f.Detail, f.Warn, f.Fix = fmt.Sprintf("cannot be read: %v", err), true, "ARI must be allowed to read variables"
		return f
	}
	// The middle of the second, as the rest of it is cut off.
	return clock(f, time.Unix(epoch, 0).Add(time.Second/2), time.Now())
}

func clock(f Finding, theirs, ours time.Time) Finding {
	apart := ours.Sub(theirs).Abs()
	f.Detail = fmt.Sprintf("%s apart", apart.Round(time.Millisecond))
	if apart > clockMax {
		f.Bad, f.Fix = true, "synchronise the clocks of both machines (NTP)"
	}
	return f
}

func phones(ctx context.Context, client *ari.Client, cfg *configs.Config) Finding {
	f := Finding{Name: "agents' phones"}
	online, unknown := 0, []string{}
	for _, a := range cfg.Agents {
		tech, resource, _ := strings.Cut(a.Endpoint, "/")
		e, err := client.Endpoint(ctx, tech, resource)
		switch {
		case errors.Is(err, ari.ErrGone):
			unknown = append(unknown, a.Endpoint)
		case err != nil:
			f.Detail, f.Bad, f.Fix = fmt.Sprintf("%s: %v", a.Endpoint, err), true, "load res_ari_endpoints.so"
			return f
		case e.State == ari.EndpointOnline:
			online++
		}
	}
	f.Detail = fmt.Sprintf("%d of %d registered", online, len(cfg.Agents))
	if len(unknown) > 0 {
		f.Detail, f.Bad = "unknown to Asterisk: "+strings.Join(unknown, ", "), true
		f.Fix = "add them to pjsip.conf, or correct agents[].endpoint"
	}
	return f
}

func checkRedis(ctx context.Context, cfg *configs.Config) []Finding {
	f := Finding{Name: "redis"}
	if cfg.Redis.Embedded() {
		f.Detail, f.Warn, f.Fix = "embedded: live figures end with the process", true, "set redis.addr"
		return []Finding{f}
	}
	// The finding says it in plain words; the library's own lines would stand between ours.
	s, err := OpenFigures(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Detail, f.Bad, f.Fix = err.Error(), true, "correct the redis section"
		return []Finding{f}
	}
	defer func() { _ = s.Close() }() // nothing was written
	warnings, err := s.Check(ctx)
	if err != nil {
		f.Detail, f.Bad, f.Fix = err.Error(), true, "start Redis 6.2 or newer, or correct the redis section"
		return []Finding{f}
	}
	f.Detail = cfg.Redis.Where()
	out := []Finding{f}
	for _, w := range warnings {
		out = append(out, Finding{Name: "redis", Detail: w, Warn: true, Fix: "correct redis.conf"})
	}
	now, err := s.Time(ctx)
	if err == nil {
		out = append(out, clock(Finding{Name: "clock of Redis"}, now, time.Now()))
	}
	return out
}

// ringLimits warns of queues whose phones ring so long that a third agent cannot answer in
// time any more when two do not pick up (S1). It works, so it is no fault.
func ringLimits(cfg *configs.Config) []Finding {
	var out []Finding
	for _, q := range cfg.Queues {
		if two := 2 * q.RingFor; two >= cfg.Figures.Threshold {
			out = append(out, Finding{
				Name: "ring limit", Warn: true,
				Detail: fmt.Sprintf("queue %s: when two agents do not pick up, %s of the %s for an answer are gone",
					q.ID, two, cfg.Figures.Threshold),
				Fix: "set ring_for of the queue below half of figures.threshold",
			})
		}
	}
	return out
}

func checkFolders(cfg *configs.Config) []Finding {
	out := []Finding{
		folder("recordings", cfg.Recordings.Dir, cfg.Recordings.MinFreePercent),
		folder("recordings of Asterisk", cfg.Asterisk.RecordingDir, cfg.Recordings.MinFreePercent),
	}
	return out
}

// folder checks by doing: a file is made and removed, because rights alone do not tell.
func folder(name, path string, minFree int) Finding {
	f := Finding{Name: name, Detail: path}
	probe, err := os.CreateTemp(path, ".hotline-check-")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		f.Detail, f.Bad = fmt.Sprintf("%s is not writable: %v", path, err), true
		f.Fix = "make the folder and give it to the user that runs hotline"
		return f
	}
	space, err := store.Free(path)
	if err != nil {
		f.Detail, f.Warn, f.Fix = fmt.Sprintf("%s: free space unknown: %v", path, err), true, "look at the disk"
		return f
	}
	f.Detail = fmt.Sprintf("%s, %.0f %% free", path, space.Percent())
	if space.Percent() < float64(minFree) {
		// The running hotline raises an alarm for it: calls that are not recorded are next.
		f.Bad, f.Fix = true, fmt.Sprintf("nearly full, less than %d %% is free: make room or move the folder", minFree)
	}
	return f
}
