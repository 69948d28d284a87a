package testbed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Limits of starting and stopping PostgreSQL.
const (
	postgresReady = 60 * time.Second
	postgresGrace = 10 * time.Second
)

// postgresUser owns every database of a test's server.
const postgresUser = "hotline"

// PostgresOptions say how to run a PostgreSQL. The zero value is right for most tests.
type PostgresOptions struct {
	// Durable waits for the disk at each commit. Without it a crash of the machine may lose
	// data, which no test can make; a killed server loses nothing.
	Durable bool
	// Unpacked takes Debian's packages even where the machine has a server of its own.
	Unpacked bool
	// Stage is told what is done; may be nil.
	Stage Stage
}

// Postgres is a running PostgreSQL on loopback. Methods are safe for concurrent use.
type Postgres struct {
	// Password of the user in every URL.
	Password string
	// LogFile holds what PostgreSQL logs.
	LogFile string
	// Bin is the folder of its programs, among them pg_dump and pg_restore.
	Bin string

	dir     *RunDir
	data    string
	port    int
	options PostgresOptions
	asUser  *syscall.Credential // nil for our own user

	mu   sync.Mutex // guards proc
	proc *Process
}

// StartPostgres finds or installs PostgreSQL, makes an empty cluster and runs it on loopback
// until Stop, Kill, or the end of this process, however it ends. It returns when it answers.
// PostgreSQL refuses to run as root: then it runs as the user nobody.
func StartPostgres(ctx context.Context, options PostgresOptions) (*Postgres, error) {
	find := findPostgres
	if options.Unpacked {
		find = unpackPostgres
	}
	bin, err := find(ctx, options.Stage)
	if err != nil {
		return nil, err
	}
	p, err := preparePostgres(ctx, bin, options)
	if err != nil {
		return nil, err
	}
	err = onFreePorts(func() error {
		return options.Stage.run("start PostgreSQL", func() error { return p.launch(ctx) })
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), p.Stop())
	}
	return p, nil
}

// preparePostgres makes a cluster that has not been started.
func preparePostgres(ctx context.Context, bin postgresBin, options PostgresOptions) (*Postgres, error) {
	p := &Postgres{options: options, Password: rand.Text()}
	var err error
	newDir := NewRunDir
	if os.Getuid() == 0 {
		newDir = newPassableRunDir
		if p.asUser, err = unprivileged(); err != nil {
			return nil, err
		}
	}
	if p.dir, err = newDir(); err != nil {
		return nil, err
	}
	if bin.root != nil {
		if bin, err = bin.wrapped(filepath.Join(p.dir.Path, "root")); err != nil {
			return nil, errors.Join(err, p.dir.Remove())
		}
	}
	p.Bin, p.data = bin.dir, filepath.Join(p.dir.Path, "data")
	p.LogFile = filepath.Join(p.dir.Path, "postgres.log")
	if err := options.Stage.run("make a PostgreSQL cluster", func() error { return p.init(ctx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("make a PostgreSQL cluster: %w", err), p.dir.Remove())
	}
	return p, nil
}

// unprivileged is the user that stands for nobody.
func unprivileged() (*syscall.Credential, error) {
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no other user: %w", err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user nobody: %w", err)
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group of nobody: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// command is a program of this PostgreSQL as its user, in its folder.
func (p *Postgres) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.Bin, program), args...)
	cmd.Dir = p.data
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + p.data}
	if p.asUser != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.asUser}
	}
	return cmd
}

// init makes the cluster in a folder that belongs to the user who runs it.
func (p *Postgres) init(ctx context.Context) error {
	secret := filepath.Join(p.dir.Path, "password")
	if err := os.WriteFile(secret, []byte(p.Password+"\n"), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(p.data, 0o700); err != nil {
		return err
	}
	if p.asUser != nil {
		for _, path := range []string{secret, p.data} {
			if err := os.Chown(path, int(p.asUser.Uid), int(p.asUser.Gid)); err != nil {
				return err
			}
		}
	}
	cmd := p.command(ctx, "initdb", "-D", p.data, "-U", postgresUser, "--pwfile", secret, "-A", "scram-sha-256",
		"-E", "UTF8", "--no-locale", "--no-sync")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(text)))
	}
	return os.Remove(secret)
}

// launch chooses a port and starts the server there.
func (p *Postgres) launch(ctx context.Context) error {
	port, err := freeTCP(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	if err != nil {
		return err
	}
	p.port = port
	return p.start(ctx)
}

func (p *Postgres) start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	durable := "off"
	if p.options.Durable {
		durable = "on"
	}
	args := []string{"-D", p.data}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(p.port), "unix_socket_directories=",
		"dynamic_shared_memory_type=mmap", "fsync=" + durable, "full_page_writes=" + durable,
		"timezone=GMT", "log_timezone=GMT", "jit=off", "max_connections=200", "max_wal_size=2GB",
	} {
		args = append(args, "-c", setting)
	}
	cmd := p.command(context.WithoutCancel(ctx), "postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	if p.proc, err = Start(cmd); err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, postgresReady)
	defer cancel()
	if err := p.proc.waitReady(ready, p.ask); err != nil {
		return errors.Join(err, p.proc.Kill(), p.complaint())
	}
	return nil
}

// Ping signs in and asks something. nil means that it answers and is our own.
func (p *Postgres) Ping(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ask(ctx)
}

func (p *Postgres) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTime)
	defer cancel()
	return p.execute(ctx, "SELECT 1")
}

// execute runs one statement in the database that each cluster has.
func (p *Postgres) execute(ctx context.Context, statement string) error {
	config, err := pgx.ParseConfig(p.URL("postgres"))
	if err != nil {
		return err
	}
	config.Password = p.Password
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}

// URL is the address of a database, without the password.
func (p *Postgres) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(postgresUser), Host: "127.0.0.1:" + strconv.Itoa(p.port),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// NewDatabase makes an empty database and gives its address, without the password.
func (p *Postgres) NewDatabase(ctx context.Context) (string, error) {
	name := "test_" + strings.ToLower(rand.Text())
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, postgresReady)
	defer cancel()
	if err := p.execute(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("new database: %w", err)
	}
	return p.URL(name), nil
}

// complaint is the end of the log, as errPortTaken when it speaks of the port.
func (p *Postgres) complaint() error {
	if err := portConflict(p.LogFile); err != nil {
		return err
	}
	text, err := os.ReadFile(p.LogFile)
	if err != nil {
		return err
	}
	return fmt.Errorf("its log ends: %s", text[max(0, len(text)-2000):])
}

// Restart stops PostgreSQL, if it still runs, and starts it again at the same address with
// its data.
func (p *Postgres) Restart(ctx context.Context) error {
	if err := p.Halt(); err != nil {
		return err
	}
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("restart PostgreSQL: %w", err)
	}
	return nil
}

// Stop ends PostgreSQL and removes its folder. A second Stop does nothing.
func (p *Postgres) Stop() error {
	return errors.Join(p.Halt(), freeSegment(p.data), p.dir.Remove())
}
