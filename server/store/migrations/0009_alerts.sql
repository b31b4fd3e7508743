-- Where each alert stands, so that a restart tells nothing twice; those that are pending are watched anew.
CREATE TABLE alerts (
    rule TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('firing', 'resolved')),
    since INTEGER NOT NULL,
    value REAL
);

-- Messages that wait for the webhook, in the order in which they are to arrive.
CREATE TABLE alert_messages (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
