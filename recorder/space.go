package recorder

import (
	"context"
	"log/slog"

	"hotline/recorder/store"
)

// watchSpace measures the room for the spool and the store and tells each change of its
// level; levels holds those told before.
func (r *Recorder) watchSpace(ctx context.Context, levels map[string]store.Level) {
	for _, path := range []string{r.opts.Spool, r.opts.Store} {
		space, err := r.free(path)
		if err != nil {
			r.log.Error("space for recordings cannot be measured", "path", path, "error", err)
			continue
		}
		before, now := levels[path], space.Level()
		if now < before {
			// One percent more than the limit, so that it does not flap around it.
			margin := min(space.Free, space.Total/100)
			now = min(before, store.Space{Total: space.Total, Free: space.Free - margin}.Level())
		}
		if now == before {
			continue
		}
		levels[path] = now
		severity := slog.LevelInfo
		if now > before {
			severity = slog.LevelError
		}
		r.log.Log(ctx, severity, "space for recordings", "path", path,
			"level", now, "free_percent", int(space.Percent()))
		r.opts.Space(path, space)
	}
}
