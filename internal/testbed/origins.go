package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// packageOrigins lists where w may come from, best first: for a program that
// must be new, the distribution's own release when its candidate is new enough;
// then Debian's newer suites. A program of any version comes from the suites
// alone, so that it is the same one on every machine.
func packageOrigins(ctx context.Context, stage Stage, cache string, w want) ([]place, error) {
	work := filepath.Join(cache, "apt")
	skip := append(append([]string{}, scriptsOnly...), w.skip...)
	var places []place
	if w.minimum != (Version{}) {
		if own, ok := distribution(ctx, filepath.Join(work, "own"), skip, w); ok {
			places = append(places, own)
		}
	}
	here := thisMachine()
	mirror, keyring := here.debianSource()
	if keyring == "" {
		var err error
		if keyring, err = fetchKeyring(ctx, stage, filepath.Join(work, "keyring")); err != nil {
			return nil, err
		}
	}
	for _, suite := range suites {
		list := func(keyring string) string {
			return fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, mirror, suite)
		}
		private, err := newApt(ctx, filepath.Join(work, suite), mirror+" "+suite, list(keyring), skip)
		if err != nil {
			return nil, err
		}
		places = append(places, place{apt: private, sources: list, keys: filepath.Join(work, "keyring")})
	}
	return places, nil
}

// update reads the package lists. When the machine's keys are older than the
// release, newer ones are fetched from sources that the machine trusts already.
func (p place) update(ctx context.Context, stage Stage) error {
	err := p.apt.update(ctx)
	if err == nil || !strings.Contains(err.Error(), "NO_PUBKEY") {
		return err
	}
	keyring, fetched := fetchKeyring(ctx, stage, p.keys)
	if fetched != nil {
		return errors.Join(err, fetched)
	}
	if err := p.apt.useSources(p.sources(keyring)); err != nil {
		return err
	}
	return p.apt.update(ctx)
}

// distribution offers the machine's own release if the lists it has read
// already name a package that is new enough. It never reads them anew: that
// may need root and takes long where the answer is no anyway.
func distribution(ctx context.Context, dir string, skip []string, w want) (place, bool) {
	policy, err := output(ctx, nil, "apt-cache", "policy", w.names[0])
	if err != nil {
		return place{}, false
	}
	version, err := ParseVersion(candidate(policy))
	if err != nil || version.Less(w.minimum) {
		return place{}, false
	}
	own, err := newApt(ctx, dir, "this machine's own package sources", "", skip)
	if err != nil {
		return place{}, false
	}
	if err := own.useLists("/var/lib/apt/lists"); err != nil {
		return place{}, false
	}
	return place{apt: own}, true
}

// candidate picks the version that apt would install.
func candidate(policy string) string {
	for line := range strings.Lines(policy) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok {
			return version
		}
	}
	return ""
}

// useLists makes a private apt read package lists that are there already.
func (a *apt) useLists(dir string) error {
	file, err := os.OpenFile(a.config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "Dir::State::lists %q;\n", dir)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// fetchKeyring gets Debian's keys as a package of the machine's own, trusted
// sources, for machines of another distribution and those whose keys are too old.
func fetchKeyring(ctx context.Context, stage Stage, dir string) (string, error) {
	own, err := newApt(ctx, dir, "this machine's own package sources", "", nil)
	if err != nil {
		return "", err
	}
	root := filepath.Join(dir, "root")
	err = stage.run("fetch Debian's signing keys from this machine's own package sources", func() error {
		if err := own.update(ctx); err != nil {
			return err
		}
		names := []string{"debian-archive-keyring"}
		debs, err := own.resolve(ctx, names)
		if err != nil {
			return err
		}
		if err := own.download(ctx, names); err != nil {
			return err
		}
		return own.unpack(ctx, debs, root)
	})
	if err != nil {
		return "", fmt.Errorf("signing keys of Debian: install the package debian-archive-keyring: %w", err)
	}
	for _, name := range []string{"debian-archive-keyring.pgp", "debian-archive-keyring.gpg"} {
		file := filepath.Join(root, "usr/share/keyrings", name)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("no keyring in the package debian-archive-keyring")
}
