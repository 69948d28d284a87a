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

// OldestPostgres is the first major version of PostgreSQL that may hold a store.
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

// ConnectPostgres opens a pool of at most conns connections and asks for the version. The
// error wraps ErrUnreachable, ErrRefused or ErrTooOld where one of them is the cause.
func ConnectPostgres(ctx context.Context, p Place, a Access, conns int) (*bun.DB, error) {
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
	if a == ReadOnly {
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
		return Refusal(err)
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

// Refusal tells a PostgreSQL that does not let us in from one that says nothing; any other
// error is left as it is.
func Refusal(err error) error {
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
