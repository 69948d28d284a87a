-- +goose Up

-- What is older than a site keeps is deleted from the begin of the ledger, and a row here says
-- so in the transaction that deletes it: up to which event, and that every call kept is younger
-- than before_ms. Nothing else can be deleted.
CREATE TABLE forgotten (
    up_to     BIGINT NOT NULL PRIMARY KEY CHECK (up_to > 0),
    before_ms BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL
);

CREATE TRIGGER forgotten_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON forgotten
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- +goose StatementBegin
CREATE FUNCTION ledger_deletes_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq > (SELECT coalesce(max(up_to), 0) FROM forgotten) THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd

DROP TRIGGER events_append_only ON events;
DROP TRIGGER recordings_append_only ON recordings;
CREATE TRIGGER events_append_only BEFORE UPDATE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER recordings_append_only BEFORE UPDATE OR TRUNCATE ON recordings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER events_not_deleted BEFORE DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION ledger_deletes_forgotten();
CREATE TRIGGER recordings_not_deleted BEFORE DELETE ON recordings
    FOR EACH ROW EXECUTE FUNCTION ledger_deletes_forgotten();

-- +goose Down
DROP TRIGGER events_not_deleted ON events;
DROP TRIGGER recordings_not_deleted ON recordings;
DROP TRIGGER events_append_only ON events;
DROP TRIGGER recordings_append_only ON recordings;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER recordings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recordings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
DROP FUNCTION ledger_deletes_forgotten();
DROP TABLE forgotten;
