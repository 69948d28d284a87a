-- +goose Up

-- Types and expressions are those that SQLite and PostgreSQL have in common. Times are UTC
-- milliseconds, 0 = none; flags are 0 or 1; lists and tables are JSON.
CREATE TABLE users (
    id          TEXT   NOT NULL PRIMARY KEY CHECK (id <> ''),
    name        TEXT   NOT NULL UNIQUE CHECK (name <> '' AND name = lower(name)),
    display     TEXT   NOT NULL,
    roles       TEXT   NOT NULL,
    team        TEXT   NOT NULL,
    agent       TEXT   NOT NULL,
    skills      TEXT   NOT NULL,
    disabled    BIGINT NOT NULL CHECK (disabled IN (0, 1)),
    created_ms  BIGINT NOT NULL,
    version     BIGINT NOT NULL CHECK (version > 0),

    password    TEXT   NOT NULL,
    must_change BIGINT NOT NULL CHECK (must_change IN (0, 1)),
    until_ms    BIGINT NOT NULL,
    totp        TEXT   NOT NULL,
    pending     TEXT   NOT NULL,
    step        BIGINT NOT NULL,
    recovery    TEXT   NOT NULL,
    epoch       BIGINT NOT NULL CHECK (epoch > 0),
    revision    BIGINT NOT NULL CHECK (revision > 0)
);

-- Two people at one phone would take each other's calls.
CREATE UNIQUE INDEX users_by_agent ON users (agent) WHERE agent <> '';

CREATE TABLE sessions (
    id         TEXT   NOT NULL PRIMARY KEY CHECK (id <> ''),
    hash       TEXT   NOT NULL UNIQUE CHECK (hash <> ''),
    user_id    TEXT   NOT NULL REFERENCES users (id),
    epoch      BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    seen_ms    BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    address    TEXT   NOT NULL,
    client     TEXT   NOT NULL
);

CREATE INDEX sessions_by_user ON sessions (user_id, created_ms);

CREATE TABLE tokens (
    id         TEXT   NOT NULL PRIMARY KEY CHECK (id <> ''),
    name       TEXT   NOT NULL UNIQUE CHECK (name <> ''),
    hash       TEXT   NOT NULL UNIQUE CHECK (hash <> ''),
    roles      TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    made_by    TEXT   NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE tokens;
DROP TABLE sessions;
DROP TABLE users;
