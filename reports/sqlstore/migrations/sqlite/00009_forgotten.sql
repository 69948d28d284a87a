-- +goose Up

-- What is older than a site keeps is deleted from the begin of the ledger, and a row here says
-- so in the transaction that deletes it: up to which event, and that every call kept is younger
-- than before_ms. Nothing else can be deleted.
CREATE TABLE forgotten (
    up_to     INTEGER NOT NULL PRIMARY KEY CHECK (up_to > 0),
    before_ms INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;

DROP TRIGGER events_not_deleted;
DROP TRIGGER recordings_not_deleted;

-- +goose StatementBegin
CREATE TRIGGER events_not_deleted BEFORE DELETE ON events
WHEN OLD.seq > (SELECT coalesce(max(up_to), 0) FROM forgotten)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER recordings_not_deleted BEFORE DELETE ON recordings
WHEN OLD.seq > (SELECT coalesce(max(up_to), 0) FROM forgotten)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER forgotten_not_updated BEFORE UPDATE ON forgotten
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER forgotten_not_deleted BEFORE DELETE ON forgotten
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE forgotten;
DROP TRIGGER events_not_deleted;
DROP TRIGGER recordings_not_deleted;

-- +goose StatementBegin
CREATE TRIGGER events_not_deleted BEFORE DELETE ON events
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
