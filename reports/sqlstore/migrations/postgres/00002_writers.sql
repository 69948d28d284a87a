-- +goose Up

-- The last batch of each writer. A batch whose commit was not confirmed is offered again, and
-- this tells that it is there; it changes in the transaction that holds the batch.
CREATE TABLE writers (
    writer   TEXT   COLLATE "C" NOT NULL PRIMARY KEY CHECK (writer <> ''),
    batch    BIGINT NOT NULL CHECK (batch > 0),
    last_seq BIGINT NOT NULL,
    stored   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE writers;
