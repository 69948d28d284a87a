-- +goose Up

-- The closed list of event kinds. It is a table and not a CHECK so that a later
-- migration adds a kind with one INSERT instead of copying a ledger of years.
CREATE TABLE kinds (
    kind TEXT NOT NULL PRIMARY KEY CHECK (kind <> '')
) STRICT, WITHOUT ROWID;

INSERT INTO kinds (kind) VALUES
    ('arrived'), ('queued'), ('offered'), ('offer_ended'), ('answered'), ('connected'), ('left_queue'),
    ('talk_ended'), ('wrapup_ended'), ('ended'), ('recorded'), ('recording_fault'), ('agent_changed'), ('stream_gap');

-- One row is one call.Event. body holds the whole event; the other columns are copies of
-- the members that are searched by. Times are UTC milliseconds.
CREATE TABLE events (
    seq        INTEGER NOT NULL PRIMARY KEY CHECK (seq > 0),
    at_ms      INTEGER NOT NULL CHECK (at_ms > 0),
    kind       TEXT    NOT NULL REFERENCES kinds (kind),
    call       TEXT    NOT NULL,
    queue      TEXT    NOT NULL,
    agent      TEXT    NOT NULL,
    number     TEXT    NOT NULL,
    entered_ms INTEGER CHECK (entered_ms > 0),
    answer_ms  INTEGER CHECK (answer_ms > 0),
    body       TEXT    NOT NULL CHECK (json_valid(body)),

    CONSTRAINT of_a_call CHECK (
        call <> '' OR kind IN ('recording_fault', 'agent_changed', 'stream_gap')),
    CONSTRAINT of_a_queue CHECK (
        kind NOT IN ('queued', 'offered', 'offer_ended', 'answered', 'left_queue', 'talk_ended', 'wrapup_ended')
        OR (queue <> '' AND entered_ms IS NOT NULL)),
    CONSTRAINT of_an_agent CHECK (
        kind NOT IN ('offered', 'offer_ended', 'answered', 'talk_ended', 'wrapup_ended', 'agent_changed')
        OR agent <> ''),
    CONSTRAINT of_an_answer CHECK (
        kind NOT IN ('talk_ended', 'wrapup_ended') OR answer_ms IS NOT NULL)
) STRICT;

CREATE INDEX events_by_call ON events (call) WHERE call <> '';
CREATE INDEX events_by_arrival ON events (at_ms, call) WHERE kind = 'arrived';
CREATE INDEX events_by_queue_entry ON events (entered_ms, call) WHERE kind = 'queued';
CREATE INDEX events_by_answer ON events (answer_ms, call) WHERE kind = 'talk_ended';
CREATE INDEX events_by_agent ON events (agent, call) WHERE kind = 'answered';

-- The recordings that events announce. The key makes a second announcement of the same
-- file impossible, whichever process makes it.
CREATE TABLE recordings (
    seq       INTEGER NOT NULL PRIMARY KEY REFERENCES events (seq),
    call      TEXT    NOT NULL CHECK (call <> ''),
    path      TEXT    NOT NULL CHECK (path <> ''),
    sha256    TEXT    NOT NULL,
    begin_ms  INTEGER NOT NULL,
    length_ms INTEGER NOT NULL CHECK (length_ms >= 0),

    CONSTRAINT announced_once UNIQUE (call, path)
) STRICT;

CREATE INDEX recordings_by_begin ON recordings (begin_ms);

-- +goose StatementBegin
CREATE TRIGGER events_without_gaps BEFORE INSERT ON events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is numbered without gaps');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER events_not_updated BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER events_not_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER recordings_not_updated BEFORE UPDATE ON recordings
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER recordings_not_deleted BEFORE DELETE ON recordings
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE recordings;
DROP TABLE events;
DROP TABLE kinds;
