-- Processes of the factory that share this database, and which nodes are connected to which of them.
CREATE TABLE replicas (
    id TEXT PRIMARY KEY,
    -- https://host:port, and host:port of the control channel
    rest TEXT NOT NULL,
    channel TEXT NOT NULL,
    started BIGINT NOT NULL,
    -- by the clock of the database, like all moments of this table
    seen BIGINT NOT NULL
);
CREATE TABLE presence (
    node TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
    replica TEXT NOT NULL REFERENCES replicas (id) ON DELETE CASCADE,
    since BIGINT NOT NULL,
    -- JSON: what its last heartbeat said; NULL before the first
    metrics TEXT
);
CREATE INDEX presence_by_replica ON presence (replica);

-- The replica that is sending a message, and until when nobody else does.
ALTER TABLE outbox ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0;

-- What nodes answered to a connection test that another replica asked for.
CREATE TABLE probe_replies (
    request TEXT PRIMARY KEY,
    node TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    -- JSON
    reply TEXT NOT NULL,
    created BIGINT NOT NULL
);
