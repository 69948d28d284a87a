-- +goose Up
-- A phone may ring, or a number be dialled, on another day than its call came or was answered:
-- then nothing else leads from that day to the call.
CREATE INDEX events_by_ring ON events (at_ms, call, kind) WHERE kind = 'offered' OR kind = 'dialled';

-- +goose Down
DROP INDEX events_by_ring;
