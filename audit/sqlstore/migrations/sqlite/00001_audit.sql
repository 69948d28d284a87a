-- +goose Up
CREATE TABLE audit_entries (
    seq      INTEGER NOT NULL PRIMARY KEY CHECK (seq > 0),
    at_ms    INTEGER NOT NULL CHECK (at_ms > 0),
    actor_id TEXT    NOT NULL,
    actor    TEXT    NOT NULL,
    address  TEXT    NOT NULL,
    action   TEXT    NOT NULL CHECK (action <> ''),
    object   TEXT    NOT NULL,
    outcome  TEXT    NOT NULL CHECK (outcome IN ('allowed', 'denied', 'failed')),
    details  TEXT    NOT NULL CHECK (json_valid(details)),
    hash     TEXT    NOT NULL CHECK (length(hash) = 64)
) STRICT;

CREATE INDEX audit_entries_by_time ON audit_entries (at_ms);
CREATE INDEX audit_entries_by_object ON audit_entries (object, seq);

-- +goose StatementBegin
CREATE TRIGGER audit_entries_without_gaps BEFORE INSERT ON audit_entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_entries)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is numbered without gaps');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_entries_not_updated BEFORE UPDATE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_entries_not_deleted BEFORE DELETE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit_entries;
