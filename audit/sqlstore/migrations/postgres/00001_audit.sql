-- +goose Up

-- details is text and not JSONB: what was hashed must come back byte by byte.
CREATE TABLE audit_entries (
    seq      BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
    at_ms    BIGINT NOT NULL CHECK (at_ms > 0),
    actor_id TEXT   COLLATE "C" NOT NULL,
    actor    TEXT   COLLATE "C" NOT NULL,
    address  TEXT   COLLATE "C" NOT NULL,
    action   TEXT   COLLATE "C" NOT NULL CHECK (action <> ''),
    object   TEXT   COLLATE "C" NOT NULL,
    outcome  TEXT   COLLATE "C" NOT NULL CHECK (outcome IN ('allowed', 'denied', 'failed')),
    details  TEXT   COLLATE "C" NOT NULL CHECK (details::json IS NOT NULL),
    hash     TEXT   COLLATE "C" NOT NULL CHECK (length(hash) = 64)
);

CREATE INDEX audit_entries_by_time ON audit_entries (at_ms);
CREATE INDEX audit_entries_by_object ON audit_entries (object, seq);

-- +goose StatementBegin
CREATE FUNCTION audit_without_gaps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_entries) THEN
        RAISE EXCEPTION 'the audit log is numbered without gaps';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_entries_without_gaps BEFORE INSERT ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_without_gaps();

-- +goose StatementBegin
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
-- +goose StatementEnd

CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();

-- +goose Down
DROP TABLE audit_entries;
DROP FUNCTION audit_append_only();
DROP FUNCTION audit_without_gaps();
