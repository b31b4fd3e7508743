-- A conversation that was deleted can be brought back until it is purged; nothing but that sees it.
ALTER TABLE conversations ADD COLUMN title_source  TEXT    NOT NULL DEFAULT 'plain';
ALTER TABLE conversations ADD COLUMN system_prompt TEXT;
ALTER TABLE conversations ADD COLUMN temporary     BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE conversations ADD COLUMN deleted_at    BIGINT;

-- Questions that could be asked next, as JSON; null where none were asked for.
ALTER TABLE messages ADD COLUMN suggestions TEXT;

ALTER TABLE attempts ADD COLUMN retry_limit   BIGINT;
ALTER TABLE attempts ADD COLUMN input_tokens  BIGINT;
ALTER TABLE attempts ADD COLUMN output_tokens BIGINT;
ALTER TABLE attempts ADD COLUMN cost          DOUBLE PRECISION;

-- Files that were sent with a message. media_type is what the content says, not what the sender said.
CREATE TABLE attachments (
    place      INTEGER PRIMARY KEY,
    id         TEXT   NOT NULL UNIQUE,
    message_id TEXT   NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    principal  TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    media_type TEXT   NOT NULL,
    size       BIGINT NOT NULL,
    content    BLOB   NOT NULL
);
CREATE INDEX attachments_by_message ON attachments (message_id);
