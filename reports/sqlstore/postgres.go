package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// OldestPostgres is the first major version of PostgreSQL that may hold a ledger.
const OldestPostgres = 14

var (
	// ErrUnreachable is the cause when no PostgreSQL answers at an address.
	ErrUnreachable = errors.New("PostgreSQL is out of reach")
	// ErrRefused is the cause when PostgreSQL answers and does not let us in: user, password,
	// name of the database or rights.
	ErrRefused = errors.New("PostgreSQL refuses")
	// ErrTooOld is the cause when PostgreSQL is older than OldestPostgres.
	ErrTooOld = errors.New("PostgreSQL is too old")
)

// connectTime bounds the making of one connection.
const connectTime = 5 * time.Second

// undefinedTable is PostgreSQL's code for a table that is not there.
const undefinedTable = "42P01"

// openPostgres connects to the database at p and brings its tables up to date, or, for
// reading only, demands that they are.
func openPostgres(ctx context.Context, p Place, a access) (*Store, error) {
	s := &Store{flavor: postgresFlavor}
	var err error
	if a == readWrite {
		if s.write, err = connectPostgres(ctx, p, readWrite, 1); err != nil {
			return nil, err
		}
		if err := s.flavor.migrate(ctx, s.write); err != nil {
			return nil, errors.Join(refusal(err), s.write.Close())
		}
	}
	if s.read, err = connectPostgres(ctx, p, readOnly, readers); err == nil {
		err = s.flavor.checkVersion(ctx, s.read)
		if err == nil && s.write != nil {
			err = s.fill(ctx)
		}
		if err == nil {
			return s, nil
		}
		err = errors.Join(err, s.read.Close())
	}
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	return nil, err
}

// connectPostgres opens a pool of at most conns connections and asks for the version.
func connectPostgres(ctx context.Context, p Place, a access, conns int) (*bun.DB, error) {
	config, err := pgx.ParseConfig(p.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: the address cannot be read", ErrUnreachable)
	}
	if p.Password != "" {
		config.Password = p.Password
	}
	config.ConnectTimeout = connectTime
	// Statements come with their values in them and each is another one: nothing to prepare.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.RuntimeParams["application_name"] = "hotline"
	config.RuntimeParams["timezone"] = "UTC"
	if a == readOnly {
		config.RuntimeParams["default_transaction_read_only"] = "on"
	} else {
		// A writer whose machine is gone must not hold the lock until the network notices.
		config.RuntimeParams["idle_in_transaction_session_timeout"] = "10000"
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	db := bun.NewDB(pool, pgdialect.New())
	if err := checkServer(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// checkServer proves the connection and looks at what serves it.
func checkServer(ctx context.Context, db *bun.DB) error {
	var text, encoding string
	err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num'), current_setting('server_encoding')").
		Scan(&text, &encoding)
	if err != nil {
		return refusal(err)
	}
	return judgeServer(text, encoding)
}

// judgeServer tells what is wrong with a server of a version, such as 150018, and an encoding.
func judgeServer(text, encoding string) error {
	version, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return fmt.Errorf("version of PostgreSQL: %w", err)
	case version < OldestPostgres*10_000:
		return fmt.Errorf("%w: version %d, %d or newer is needed", ErrTooOld, version/10_000, OldestPostgres)
	case encoding != "UTF8":
		return fmt.Errorf("%w: the database has the encoding %s, not UTF8", ErrRefused, encoding)
	}
	return nil
}

// refusal tells a PostgreSQL that does not let us in from one that says nothing; any other
// error is left as it is.
func refusal(err error) error {
	var said *pgconn.PgError
	var network net.Error
	var failed *pgconn.ConnectError
	switch {
	case errors.As(err, &said):
		switch {
		case said.Code == "57P03": // it starts, or it ends
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		case said.Code == "42501", said.Code == "53300", strings.HasPrefix(said.Code, "28"),
			strings.HasPrefix(said.Code, "3D"): // rights, connections, user, database
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	case errors.As(err, &failed), errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}
