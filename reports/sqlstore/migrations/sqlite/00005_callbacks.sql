-- +goose Up
INSERT INTO kinds (kind) VALUES ('callback_asked'), ('callback_ended');

-- The open callbacks are found at each start.
CREATE INDEX events_by_callback ON events (at_ms) WHERE kind = 'callback_asked' OR kind = 'callback_ended';

-- +goose Down
DROP INDEX events_by_callback;
DELETE FROM kinds WHERE kind IN ('callback_asked', 'callback_ended');
