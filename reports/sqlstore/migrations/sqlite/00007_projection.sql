-- +goose Up

-- What reports count, made of the events in the transaction that appends them: one row for
-- each stay of a caller in a queue. outcome is the end of the stay, waiting while it lasts.
-- Intervals of reports are made of quarters of an hour, counted from 1970 in UTC.
CREATE TABLE stays (
    call       TEXT    NOT NULL,
    queue      TEXT    NOT NULL,
    entered_ms INTEGER NOT NULL,
    line       TEXT    NOT NULL,
    queueing   INTEGER NOT NULL CHECK (queueing IN (0, 1)),
    outcome    TEXT    NOT NULL CHECK (outcome <> ''),
    wait_ms    INTEGER NOT NULL CHECK (wait_ms >= 0),
    agent      TEXT    NOT NULL,
    quarter_ms INTEGER NOT NULL GENERATED ALWAYS AS (entered_ms - entered_ms % 900000) VIRTUAL,

    PRIMARY KEY (call, queue, entered_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX stays_by_quarter ON stays (quarter_ms, queue, outcome, wait_ms, queueing);

-- One row for each agent's part in a call. talk_ms and wrap_ms are there once it is over.
CREATE TABLE legs (
    call        TEXT    NOT NULL,
    agent       TEXT    NOT NULL,
    answer_ms   INTEGER NOT NULL,
    queue       TEXT    NOT NULL,
    direction   TEXT    NOT NULL,
    talk_ms     INTEGER,
    hold_ms     INTEGER NOT NULL,
    wrap_ms     INTEGER,
    transferred INTEGER NOT NULL CHECK (transferred IN (0, 1)),
    quarter_ms  INTEGER NOT NULL GENERATED ALWAYS AS (answer_ms - answer_ms % 900000) VIRTUAL,

    PRIMARY KEY (call, agent, answer_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX legs_by_quarter ON legs (quarter_ms, queue, talk_ms, wrap_ms)
    WHERE talk_ms IS NOT NULL AND direction <> 'outbound';

-- Calls whose events this program does not understand. No figure is given while there is one.
CREATE TABLE unfolded (
    call  TEXT NOT NULL PRIMARY KEY,
    cause TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE unfolded;
DROP TABLE legs;
DROP TABLE stays;
