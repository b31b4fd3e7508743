-- What came of a model's attempts in a minute that is over, as the server packs it; `model` is empty for the turns of all
-- models. Minutes count from 1970.
CREATE TABLE health_minutes (
    minute    BIGINT  NOT NULL,
    model     TEXT    NOT NULL,
    simulated BOOLEAN NOT NULL,
    sums      BLOB    NOT NULL,
    PRIMARY KEY (minute, model, simulated)
) WITHOUT ROWID;

-- How turns and calls ended: not whose they were, and not what was said.
CREATE TABLE turns (
    place       INTEGER PRIMARY KEY,
    ended_at    BIGINT  NOT NULL,
    duration_ms BIGINT  NOT NULL,
    asked       TEXT    NOT NULL,
    answered_by TEXT,
    outcome     TEXT    NOT NULL,
    simulated   BOOLEAN NOT NULL
);
CREATE INDEX turns_by_time ON turns (ended_at);

-- What the log is filtered by, newest first. Most attempts answer, and are real.
CREATE INDEX attempts_by_model ON attempts (model_name, started_at);
CREATE INDEX attempts_by_provider ON attempts (provider, started_at);
CREATE INDEX attempts_by_principal ON attempts (principal, started_at);
CREATE INDEX attempts_by_request ON attempts (request_id);
CREATE INDEX attempts_by_reason ON attempts (reason, started_at) WHERE reason IS NOT NULL;
CREATE INDEX attempts_not_answered ON attempts (state, started_at) WHERE state <> 'answered';
CREATE INDEX attempts_simulated ON attempts (started_at) WHERE simulated;
