-- What administrators have changed while the server ran, as JSON. scope is `global`, `providers/…` or `models/…`.
CREATE TABLE live_settings (
    scope TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (scope, name)
);

-- The models that these speak of and that no configuration names.
CREATE TABLE live_models (
    id       TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    name     TEXT NOT NULL
);

-- What they did. shown_* is what held, for people; live_* what the live settings said of it. The last revision is that
-- of the live settings.
CREATE TABLE audit (
    place        INTEGER PRIMARY KEY,
    at           BIGINT NOT NULL,
    principal    TEXT   NOT NULL,
    action       TEXT   NOT NULL,
    scope        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    shown_before TEXT,
    shown_after  TEXT,
    live_before  TEXT,
    live_after   TEXT,
    revision     BIGINT
);
CREATE INDEX audit_by_revision ON audit (revision) WHERE revision IS NOT NULL;
