-- +goose Up

-- The last batch of each writer. A batch whose commit was not confirmed is offered again, and
-- this tells that it is there; it changes in the transaction that holds the batch.
CREATE TABLE writers (
    writer   TEXT    NOT NULL PRIMARY KEY CHECK (writer <> ''),
    batch    INTEGER NOT NULL CHECK (batch > 0),
    last_seq INTEGER NOT NULL,
    stored   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE writers;
