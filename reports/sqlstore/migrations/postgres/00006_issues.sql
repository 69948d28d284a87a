-- +goose Up
-- Reports as they were issued. A correction is a further version: nothing is changed or taken
-- away.
CREATE TABLE issues (
    series  TEXT   COLLATE "C" NOT NULL CHECK (series <> ''),
    from_ms BIGINT NOT NULL,
    to_ms   BIGINT NOT NULL CHECK (to_ms > from_ms),
    version BIGINT NOT NULL CHECK (version >= 1),
    author  TEXT   COLLATE "C" NOT NULL CHECK (author <> ''),
    made_ms BIGINT NOT NULL,
    text    TEXT   COLLATE "C" NOT NULL,
    figures TEXT   COLLATE "C" NOT NULL,

    PRIMARY KEY (series, from_ms, version)
);

CREATE TRIGGER issues_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issues
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- +goose Down
DROP TABLE issues;
