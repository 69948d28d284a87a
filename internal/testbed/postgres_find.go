package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// oldestPostgres is the first major version that the ledger works with.
const oldestPostgres = 14

// passableCache is where root unpacks what another user has to run: the cache in root's home
// is closed to everybody else.
const passableCache = "/var/cache/hotline"

// postgresUnused are dependencies that a server on loopback without compiled queries does not
// need: Debian's administration of clusters, LLVM and the languages of the system.
var postgresUnused = strings.Fields(`
	postgresql-common postgresql-common-dev postgresql-client-common ssl-cert locales locales-all tzdata perl
	libjson-perl libllvm17t64 libllvm18 libllvm19 libllvm20 libllvm21 libllvm22`)

// postgresPrograms are where distributions keep the programs of each major version.
var postgresPrograms = []string{"usr/lib/postgresql/*/bin", "usr/pgsql-*/bin"}

// postgresBin is a folder with the programs of one PostgreSQL, and the unpacked packages they
// come from, nil for the machine's own.
type postgresBin struct {
	dir  string
	root *Root
}

// findPostgres gives the programs of a PostgreSQL: on PATH, where distributions keep them,
// from the cache, or fresh from Debian's packages. The error wraps [ErrUnavailable].
func findPostgres(ctx context.Context, stage Stage) (postgresBin, error) {
	if dir, ok := machinePostgres(ctx); ok {
		return postgresBin{dir: dir}, nil
	}
	return unpackPostgres(ctx, stage)
}

// machinePostgres looks for a server that is new enough on this machine, the newest first.
func machinePostgres(ctx context.Context) (string, bool) {
	var dirs []string
	if file, err := exec.LookPath("postgres"); err == nil {
		if file, err = filepath.EvalSymlinks(file); err == nil {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	for _, dir := range append(dirs, postgresBelow("/")...) {
		if whole(dir) && postgresVersion(ctx, dir) >= oldestPostgres {
			return dir, true
		}
	}
	return "", false
}

// postgresBelow lists the folders of programs below a root, the newest version first.
func postgresBelow(root string) []string {
	var found []string
	for _, pattern := range postgresPrograms {
		dirs, err := filepath.Glob(filepath.Join(root, pattern))
		if err == nil {
			found = append(found, dirs...)
		}
	}
	slices.Sort(found)
	slices.Reverse(found)
	return found
}

// whole tells whether a folder holds both programs that a start needs.
func whole(dir string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// postgresVersion is the major version of the server in dir, 0 when it does not tell.
func postgresVersion(ctx context.Context, dir string) int {
	probe, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	text, err := exec.CommandContext(probe, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0
	}
	// postgres (PostgreSQL) 15.18 (Debian ...); a development version is 18devel.
	words := strings.Fields(string(text))
	if len(words) < 3 {
		return 0
	}
	digits := strings.FieldsFunc(words[2], func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	major, err := strconv.Atoi(digits[0])
	if err != nil {
		return 0
	}
	return major
}

// unpackPostgres gives the programs of Debian's packages in the cache.
func unpackPostgres(ctx context.Context, stage Stage) (postgresBin, error) {
	w := want{names: []string{"postgresql"}, skip: postgresUnused}
	if os.Getuid() == 0 && os.Getenv("HOTLINE_CACHE") == "" {
		w.cache = passableCache
	}
	root, err := install(ctx, stage, w)
	if err == nil {
		for _, dir := range postgresBelow(root.Dir) {
			if whole(dir) {
				return postgresBin{dir: dir, root: root}, nil
			}
		}
		err = errors.New("no server among the unpacked packages")
	}
	return postgresBin{}, unavailable("PostgreSQL", "Install it with the system's package manager.", err)
}

// wrapped makes, below dir, programs that run the unpacked ones by their own loader, in a tree
// like theirs: PostgreSQL finds its other programs, its libraries and its data by the path it
// is called by.
func (p postgresBin) wrapped(dir string) (postgresBin, error) {
	inside, err := filepath.Rel(p.root.Dir, p.dir)
	if err != nil {
		return p, err
	}
	bin := filepath.Join(dir, inside)
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return p, err
	}
	version := filepath.Dir(p.dir)
	for link, target := range map[string]string{
		filepath.Join(filepath.Dir(bin), "lib"): filepath.Join(version, "lib"),
		filepath.Join(dir, "usr/share"):         filepath.Join(p.root.Dir, "usr/share"),
	} {
		if err := os.Symlink(target, link); err != nil {
			return p, err
		}
	}
	programs, err := os.ReadDir(p.dir)
	if err != nil {
		return p, err
	}
	for _, program := range programs {
		script := fmt.Sprintf("#!/bin/sh\nexec '%s' --library-path '%s' --argv0 \"$0\" '%s' \"$@\"\n",
			p.root.loader, strings.Join(p.root.libraries, ":"), filepath.Join(p.dir, program.Name()))
		if err := os.WriteFile(filepath.Join(bin, program.Name()), []byte(script), 0o755); err != nil {
			return p, err
		}
	}
	return postgresBin{dir: bin}, nil
}
