package check

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/ari"
	"hotline/configs"
)

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

func asterisk(ctx context.Context, cfg *configs.Config) []Finding {
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

// outsideWay looks whether there is a way to the numbers that agents may dial.
func outsideWay(ctx context.Context, client *ari.Client, cfg *configs.Config) Finding {
	f := Finding{Name: "calls outside", Detail: "none is allowed (dialing.allow)"}
	if len(cfg.Dialing.Allow) == 0 {
		return f
	}
	f.Detail = fmt.Sprintf("by PJSIP/%s, %d kinds of numbers", cfg.Asterisk.Trunk, len(cfg.Dialing.Allow))
	switch _, err := client.Endpoint(ctx, "PJSIP", cfg.Asterisk.Trunk); {
	case errors.Is(err, ari.ErrGone):
		f.Detail, f.Bad = "Asterisk has no endpoint PJSIP/"+cfg.Asterisk.Trunk, true
		f.Fix = "correct asterisk.trunk, or let nothing outside be dialled"
	case err != nil:
		f.Detail, f.Bad, f.Fix = err.Error(), true, "load res_ari_endpoints.so"
	}
	return f
}
