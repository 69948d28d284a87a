-- +goose Up

-- What reports count, made of the events in the transaction that appends them: one row for
-- each stay of a caller in a queue. outcome is the end of the stay, waiting while it lasts.
-- Intervals of reports are made of quarters of an hour, counted from 1970 in UTC.
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

-- Calls whose events this program does not understand. No figure is given while there is one.
CREATE TABLE unfolded (
    call  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    cause TEXT NOT NULL
);

-- +goose Down
DROP TABLE unfolded;
DROP TABLE legs;
DROP TABLE stays;
