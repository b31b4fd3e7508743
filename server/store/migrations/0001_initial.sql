-- Times are milliseconds since the epoch. Words (role, status, kind …) are the strings of the wire. `place` is the
-- order of insertion; it is INTEGER and not BIGINT because only so SQLite numbers it by itself.

CREATE TABLE conversations (
    place      INTEGER PRIMARY KEY,
    id         TEXT   NOT NULL UNIQUE,
    principal  TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX conversations_by_principal ON conversations (principal, updated_at);

-- request_id, run_id, requested_model and everything from model_name on belong to answers; a question has none of them.
CREATE TABLE messages (
    place           INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    conversation_id TEXT    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id       TEXT    REFERENCES messages (id),
    principal       TEXT    NOT NULL,
    request_id      TEXT,
    run_id          TEXT    UNIQUE,
    role            TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    requested_model TEXT,
    model_name      TEXT,
    provider        TEXT,
    fallback        BOOLEAN NOT NULL DEFAULT FALSE,
    simulated       BOOLEAN NOT NULL DEFAULT FALSE,
    finish_reason   TEXT,
    input_tokens    BIGINT,
    output_tokens   BIGINT,
    cost            DOUBLE PRECISION,
    error           TEXT,
    last_seq        BIGINT  NOT NULL DEFAULT 0,
    UNIQUE (principal, request_id)
);
CREATE INDEX messages_by_conversation ON messages (conversation_id, place);
-- Without it, deleting a conversation reads the whole table once per message, for the sake of the foreign key.
CREATE INDEX messages_by_parent ON messages (parent_id);

-- message_id is null for the attempts of a call that is no turn of a conversation; its texts are never kept.
CREATE TABLE attempts (
    place          INTEGER PRIMARY KEY,
    message_id     TEXT    REFERENCES messages (id) ON DELETE CASCADE,
    principal      TEXT    NOT NULL,
    request_id     TEXT    NOT NULL,
    attempt_index  BIGINT  NOT NULL,
    kind           TEXT    NOT NULL,
    state          TEXT    NOT NULL,
    model_name     TEXT    NOT NULL,
    provider       TEXT    NOT NULL,
    status_code    BIGINT,
    reason         TEXT,
    detail         TEXT,
    retry_in_ms    BIGINT,
    started_at     BIGINT  NOT NULL,
    first_token_ms BIGINT,
    duration_ms    BIGINT,
    simulated      BOOLEAN NOT NULL,
    UNIQUE (message_id, attempt_index)
);
CREATE INDEX attempts_by_time ON attempts (started_at);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
