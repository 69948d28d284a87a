-- +goose Up
INSERT INTO kinds (kind) VALUES
    ('hold_ended'), ('conferenced'), ('transferred'), ('dialled'), ('dial_ended');

-- +goose Down
DELETE FROM kinds WHERE kind IN ('hold_ended', 'conferenced', 'transferred', 'dialled', 'dial_ended');
