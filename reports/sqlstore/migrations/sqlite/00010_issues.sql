-- +goose Up
-- Reports as they were issued. A correction is a further version: nothing is changed or taken
-- away.
CREATE TABLE issues (
    series  TEXT    NOT NULL CHECK (series <> ''),
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER NOT NULL CHECK (to_ms > from_ms),
    version INTEGER NOT NULL CHECK (version >= 1),
    author  TEXT    NOT NULL CHECK (author <> ''),
    made_ms INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    figures TEXT    NOT NULL,

    PRIMARY KEY (series, from_ms, version)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER issues_not_updated BEFORE UPDATE ON issues
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER issues_not_deleted BEFORE DELETE ON issues
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE issues;
