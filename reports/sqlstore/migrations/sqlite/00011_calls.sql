-- +goose Up

-- Every figure by the entry to a queue, an agent's answer and an arrival is counted in the
-- database: the tables say what they did not say before. They are made anew from the events.
DROP TABLE legs;
DROP TABLE stays;

-- quarter_ms is a quarter of an hour of which intervals of reports are made, counted from 1970 in
-- UTC. It is no generated column, because SQLite reads the row of such a one beside the index.

-- One row for each call: the number that was dialled and what became of it, a bit for each count
-- of reports.Arrivals, 0 for a call that nobody made to us.
CREATE TABLE calls (
    call           TEXT    NOT NULL PRIMARY KEY,
    line           TEXT    NOT NULL,
    arrived_ms     INTEGER NOT NULL,
    fate           INTEGER NOT NULL CHECK (fate >= 0),
    contradictions INTEGER NOT NULL CHECK (contradictions >= 0),
    quarter_ms     INTEGER NOT NULL CHECK (quarter_ms = arrived_ms - arrived_ms % 900000)
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_quarter ON calls (quarter_ms, line, fate) WHERE fate > 0;
CREATE INDEX calls_contradicting ON calls (call) WHERE contradictions > 0;

-- One row for each stay of a caller in a queue. outcome is the end of the stay, waiting while it
-- lasts; told counts what he was told of his wait.
CREATE TABLE stays (
    call          TEXT    NOT NULL,
    queue         TEXT    NOT NULL,
    entered_ms    INTEGER NOT NULL,
    line          TEXT    NOT NULL,
    queueing      INTEGER NOT NULL CHECK (queueing IN (0, 1)),
    outcome       TEXT    NOT NULL CHECK (outcome <> ''),
    wait_ms       INTEGER NOT NULL CHECK (wait_ms >= 0),
    agent         TEXT    NOT NULL,
    ring_ms       INTEGER NOT NULL CHECK (ring_ms >= 0),
    transferred   INTEGER NOT NULL CHECK (transferred IN (0, 1)),
    told          INTEGER NOT NULL,
    told_p50      INTEGER NOT NULL,
    told_p90      INTEGER NOT NULL,
    told_over_ms  INTEGER NOT NULL,
    told_under_ms INTEGER NOT NULL,
    quarter_ms    INTEGER NOT NULL CHECK (quarter_ms = entered_ms - entered_ms % 900000),

    PRIMARY KEY (call, queue, entered_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX stays_by_quarter ON stays (quarter_ms, queue, outcome, wait_ms, queueing, ring_ms, transferred);
CREATE INDEX stays_told ON stays (quarter_ms) WHERE told > 0;

-- One row for each agent's part in a call. talk_ms and wrap_ms are there once it is over, hold_ms
-- where the caller was on hold.
CREATE TABLE legs (
    call       TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    answer_ms  INTEGER NOT NULL,
    queue      TEXT    NOT NULL,
    line       TEXT    NOT NULL,
    outbound   INTEGER NOT NULL CHECK (outbound IN (0, 1)),
    talk_ms    INTEGER,
    hold_ms    INTEGER,
    wrap_ms    INTEGER,
    transfer   TEXT    NOT NULL,
    quarter_ms INTEGER NOT NULL CHECK (quarter_ms = answer_ms - answer_ms % 900000),

    PRIMARY KEY (call, agent, answer_ms)
) STRICT, WITHOUT ROWID;

CREATE INDEX legs_by_quarter ON legs (quarter_ms, queue, talk_ms, wrap_ms, hold_ms, transfer, outbound)
    WHERE talk_ms IS NOT NULL AND outbound = 0;

-- +goose Down
DROP TABLE calls;
DROP TABLE legs;
DROP TABLE stays;

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
