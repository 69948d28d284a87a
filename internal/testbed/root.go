package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoProgram says that a root does not hold the program asked for.
var ErrNoProgram = errors.New("no such program")

// Root is a set of programs: unpacked packages, or the machine itself.
type Root struct {
	// Dir is the folder the packages are unpacked in; empty for the machine.
	Dir string

	version   Version // of the first package
	loader    string
	libraries []string
	triplet   string
}

// platform tells how a Debian architecture names its loader and its libraries.
type platform struct{ loader, triplet string }

var platforms = map[string]platform{
	"amd64": {"usr/lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu"},
	"arm64": {"usr/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu"},
}

// openRoot makes a Root of unpacked packages. The error tells that the
// architecture is not known, or that the C library is not among them.
func openRoot(dir, arch string) (*Root, error) {
	kind, ok := platforms[arch]
	if !ok {
		return nil, fmt.Errorf("packages for %s cannot be run: only amd64 and arm64 are known", arch)
	}
	root := &Root{Dir: dir, triplet: kind.triplet}
	root.loader = filepath.Join(dir, kind.loader)
	if _, err := os.Stat(root.loader); err != nil {
		// Debian moved /lib into /usr/lib in 2023; older packages have it at the top.
		root.loader = filepath.Join(dir, strings.TrimPrefix(kind.loader, "usr/"))
		if _, err := os.Stat(root.loader); err != nil {
			return nil, fmt.Errorf("loader of %s: %w", dir, err)
		}
	}
	root.libraries = root.libraryFolders()
	return root, nil
}

// libraryFolders are the usual ones and those below that hold shared libraries
// of their own, which the system would know from its loader cache.
func (r *Root) libraryFolders() []string {
	var folders []string
	for _, base := range []string{"usr/lib/" + r.triplet, "lib/" + r.triplet, "usr/lib", "lib"} {
		dir := filepath.Join(r.Dir, base)
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		folders = append(folders, dir)
		found, err := filepath.Glob(filepath.Join(dir, "*", "lib*.so*"))
		if err != nil {
			continue
		}
		for _, library := range found {
			if sub := filepath.Dir(library); !slices.Contains(folders, sub) {
				folders = append(folders, sub)
			}
		}
	}
	return folders
}

// Path finds a program's file: in the root, or on PATH for the machine itself.
// The error wraps [ErrNoProgram].
func (r *Root) Path(program string) (string, error) {
	if r.Dir == "" {
		file, err := exec.LookPath(program)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoProgram, err)
		}
		return file, nil
	}
	for _, folder := range []string{"usr/sbin", "usr/bin", "sbin", "bin"} {
		file := filepath.Join(r.Dir, folder, program)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
	}
	return "", fmt.Errorf("%w: %s in %s", ErrNoProgram, program, r.Dir)
}

// Lib gives a folder of the root's libraries, such as "baresip/modules", which
// holds a program's plugins.
func (r *Root) Lib(name string) string {
	own := filepath.Join("/", r.Dir, "usr/lib", r.triplet, name)
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join("/", r.Dir, "usr/lib", name)
}

// Command builds a command for a program of the root. Unpacked programs run
// through their own loader and find their data by environment variables where
// they know any. The command dies with ctx.
func (r *Root) Command(ctx context.Context, program string, args ...string) (*exec.Cmd, error) {
	file, err := r.Path(program)
	if err != nil {
		return nil, err
	}
	if r.Dir == "" {
		return exec.CommandContext(ctx, file, args...), nil
	}
	loaderArgs := []string{"--library-path", strings.Join(r.libraries, ":"), "--argv0", program, file}
	cmd := exec.CommandContext(ctx, r.loader, append(loaderArgs, args...)...)
	cmd.Env = append(os.Environ(), "ESPEAK_DATA_PATH="+r.Lib(""))
	return cmd, nil
}
