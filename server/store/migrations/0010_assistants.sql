-- The assistant that an answer, an attempt or a turn was asked of; null where a model was. `share` is where the turn's
-- conversation stands among the assistant's 100: null where its model was named.
ALTER TABLE messages ADD COLUMN assistant TEXT;
ALTER TABLE attempts ADD COLUMN assistant TEXT;
ALTER TABLE turns ADD COLUMN assistant TEXT;
ALTER TABLE turns ADD COLUMN share DOUBLE PRECISION;
CREATE INDEX attempts_by_assistant ON attempts (assistant, started_at) WHERE assistant IS NOT NULL;
