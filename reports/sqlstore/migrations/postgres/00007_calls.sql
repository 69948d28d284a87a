-- +goose Up

-- Every figure by the entry to a queue, an agent's answer and an arrival is counted in the
-- database: the tables say what they did not say before. They are made anew from the events.
DROP TABLE legs;
DROP TABLE stays;

-- quarter_ms is a quarter of an hour of which intervals of reports are made, counted from 1970 in
-- UTC. It is no generated column, as in SQLite, so that one program fills both.

-- One row for each call: the number that was dialled and what became of it, a bit for each count
-- of reports.Arrivals, 0 for a call that nobody made to us.
CREATE TABLE calls (
    call           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    line           TEXT COLLATE "C" NOT NULL,
    arrived_ms     BIGINT NOT NULL,
    fate           BIGINT NOT NULL CHECK (fate >= 0),
    contradictions INTEGER NOT NULL CHECK (contradictions >= 0),
    quarter_ms     BIGINT NOT NULL CHECK (quarter_ms = arrived_ms - arrived_ms % 900000)
);

CREATE INDEX calls_by_quarter ON calls (quarter_ms) WHERE fate > 0;
CREATE INDEX calls_contradicting ON calls (call) WHERE contradictions > 0;

-- One row for each stay of a caller in a queue. outcome is the end of the stay, waiting while it
-- lasts; told counts what he was told of his wait.
CREATE TABLE stays (
    call          TEXT COLLATE "C" NOT NULL,
    queue         TEXT COLLATE "C" NOT NULL,
    entered_ms    BIGINT NOT NULL,
    line          TEXT COLLATE "C" NOT NULL,
    queueing      INTEGER NOT NULL CHECK (queueing IN (0, 1)),
    outcome       TEXT COLLATE "C" NOT NULL CHECK (outcome <> ''),
    wait_ms       BIGINT NOT NULL CHECK (wait_ms >= 0),
    agent         TEXT COLLATE "C" NOT NULL,
    ring_ms       BIGINT NOT NULL CHECK (ring_ms >= 0),
    transferred   INTEGER NOT NULL CHECK (transferred IN (0, 1)),
    told          BIGINT NOT NULL,
    told_p50      BIGINT NOT NULL,
    told_p90      BIGINT NOT NULL,
    told_over_ms  BIGINT NOT NULL,
    told_under_ms BIGINT NOT NULL,
    quarter_ms    BIGINT NOT NULL CHECK (quarter_ms = entered_ms - entered_ms % 900000),

    PRIMARY KEY (call, queue, entered_ms)
);

CREATE INDEX stays_by_quarter ON stays (quarter_ms);
CREATE INDEX stays_told ON stays (quarter_ms) WHERE told > 0;

-- One row for each agent's part in a call. talk_ms and wrap_ms are there once it is over, hold_ms
-- where the caller was on hold.
CREATE TABLE legs (
    call       TEXT COLLATE "C" NOT NULL,
    agent      TEXT COLLATE "C" NOT NULL,
    answer_ms  BIGINT NOT NULL,
    queue      TEXT COLLATE "C" NOT NULL,
    line       TEXT COLLATE "C" NOT NULL,
    outbound   INTEGER NOT NULL CHECK (outbound IN (0, 1)),
    talk_ms    BIGINT,
    hold_ms    BIGINT,
    wrap_ms    BIGINT,
    transfer   TEXT COLLATE "C" NOT NULL,
    quarter_ms BIGINT NOT NULL CHECK (quarter_ms = answer_ms - answer_ms % 900000),

    PRIMARY KEY (call, agent, answer_ms)
);

CREATE INDEX legs_by_quarter ON legs (quarter_ms) WHERE talk_ms IS NOT NULL AND outbound = 0;

-- +goose Down
DROP TABLE calls;
DROP TABLE legs;
DROP TABLE stays;

CREATE TABLE stays (
    call       TEXT   COLLATE "C" NOT NULL,
    queue      TEXT   COLLATE "C" NOT NULL,
    entered_ms BIGINT NOT NULL,
    line       TEXT   COLLATE "C" NOT NULL,
    queueing   INTEGER NOT NULL CHECK (queueing IN (0, 1)),
    outcome    TEXT   COLLATE "C" NOT NULL CHECK (outcome <> ''),
    wait_ms    BIGINT NOT NULL CHECK (wait_ms >= 0),
    agent      TEXT   COLLATE "C" NOT NULL,
    quarter_ms BIGINT NOT NULL GENERATED ALWAYS AS (entered_ms - entered_ms % 900000) STORED,

    PRIMARY KEY (call, queue, entered_ms)
);

CREATE INDEX stays_by_quarter ON stays (quarter_ms);

-- One row for each agent's part in a call. talk_ms and wrap_ms are there once it is over.
CREATE TABLE legs (
    call        TEXT   COLLATE "C" NOT NULL,
    agent       TEXT   COLLATE "C" NOT NULL,
    answer_ms   BIGINT NOT NULL,
    queue       TEXT   COLLATE "C" NOT NULL,
    direction   TEXT   COLLATE "C" NOT NULL,
    talk_ms     BIGINT,
    hold_ms     BIGINT NOT NULL,
    wrap_ms     BIGINT,
    transferred INTEGER NOT NULL CHECK (transferred IN (0, 1)),
    quarter_ms  BIGINT NOT NULL GENERATED ALWAYS AS (answer_ms - answer_ms % 900000) STORED,

    PRIMARY KEY (call, agent, answer_ms)
);

CREATE INDEX legs_by_quarter ON legs (quarter_ms) WHERE talk_ms IS NOT NULL AND direction <> 'outbound';
