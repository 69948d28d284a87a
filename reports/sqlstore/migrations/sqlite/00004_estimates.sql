-- +goose Up
INSERT INTO kinds (kind) VALUES ('estimated');

-- +goose Down
DELETE FROM kinds WHERE kind = 'estimated';
