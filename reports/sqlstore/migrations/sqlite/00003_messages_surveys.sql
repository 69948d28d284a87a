-- +goose Up
INSERT INTO kinds (kind) VALUES ('message_begun'), ('messaged'), ('survey_begun'), ('surveyed');

CREATE INDEX events_by_message ON events (call) WHERE kind = 'messaged';

-- +goose Down
DROP INDEX events_by_message;
DELETE FROM kinds WHERE kind IN ('message_begun', 'messaged', 'survey_begun', 'surveyed');
