-- +goose Up

-- The closed list of event kinds. A later migration adds a kind with one INSERT.
CREATE TABLE kinds (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (kind <> '')
);

INSERT INTO kinds (kind) VALUES
    ('arrived'), ('queued'), ('offered'), ('offer_ended'), ('answered'), ('connected'), ('left_queue'),
    ('talk_ended'), ('wrapup_ended'), ('ended'), ('recorded'), ('recording_fault'), ('agent_changed'), ('stream_gap'),
    ('hold_ended'), ('conferenced'), ('transferred'), ('dialled'), ('dial_ended'),
    ('message_begun'), ('messaged'), ('survey_begun'), ('surveyed'), ('estimated'),
    ('callback_asked'), ('callback_ended');

-- One row is one call.Event. body holds the whole event; the other columns are copies of
-- the members that are searched by. Times are UTC milliseconds. Texts are ordered by their
-- bytes, as the folds expect them, whatever the language of the database is.
CREATE TABLE events (
    seq        BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
    at_ms      BIGINT NOT NULL CHECK (at_ms > 0),
    kind       TEXT   COLLATE "C" NOT NULL REFERENCES kinds (kind),
    call       TEXT   COLLATE "C" NOT NULL,
    queue      TEXT   COLLATE "C" NOT NULL,
    agent      TEXT   COLLATE "C" NOT NULL,
    number     TEXT   COLLATE "C" NOT NULL,
    entered_ms BIGINT CHECK (entered_ms > 0),
    answer_ms  BIGINT CHECK (answer_ms > 0),
    body       TEXT   NOT NULL CHECK (body::json IS NOT NULL),

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
);

CREATE INDEX events_by_call ON events (call) WHERE call <> '';
CREATE INDEX events_by_arrival ON events (at_ms, call) WHERE kind = 'arrived';
CREATE INDEX events_by_queue_entry ON events (entered_ms, call) WHERE kind = 'queued';
CREATE INDEX events_by_answer ON events (answer_ms, call) WHERE kind = 'talk_ended';
CREATE INDEX events_by_agent ON events (agent, call) WHERE kind = 'answered';
CREATE INDEX events_by_message ON events (call) WHERE kind = 'messaged';
CREATE INDEX events_by_callback ON events (at_ms) WHERE kind = 'callback_asked' OR kind = 'callback_ended';

-- The recordings that events announce. The key makes a second announcement of the same
-- file impossible, whichever process makes it.
CREATE TABLE recordings (
    seq       BIGINT NOT NULL PRIMARY KEY REFERENCES events (seq),
    call      TEXT   COLLATE "C" NOT NULL CHECK (call <> ''),
    path      TEXT   COLLATE "C" NOT NULL CHECK (path <> ''),
    sha256    TEXT   COLLATE "C" NOT NULL,
    begin_ms  BIGINT NOT NULL,
    length_ms BIGINT NOT NULL CHECK (length_ms >= 0),

    CONSTRAINT announced_once UNIQUE (call, path)
);

CREATE INDEX recordings_by_begin ON recordings (begin_ms);

-- Each statement brings the next numbers: as many as it has rows, and the last of them is the
-- last of all. The primary key sees to it that each stands once.
-- +goose StatementBegin
CREATE FUNCTION events_without_gaps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT count(*) AS n, min(seq) AS first, max(seq) AS last FROM added) AS a
        WHERE n > 0 AND (
            last - first + 1 <> n
            OR last <> (SELECT max(seq) FROM events)
            OR first <> 1 + (SELECT coalesce(max(seq), 0) FROM events WHERE seq < first))
    ) THEN
        RAISE EXCEPTION 'the ledger is numbered without gaps';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER events_without_gaps AFTER INSERT ON events
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION events_without_gaps();

-- +goose StatementBegin
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER recordings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recordings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- +goose Down
DROP TABLE recordings;
DROP TABLE events;
DROP TABLE kinds;
DROP FUNCTION ledger_append_only();
DROP FUNCTION events_without_gaps();
