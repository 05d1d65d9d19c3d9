-- Times are microseconds since 1970 (UTC), flags are 0 and 1, names are compared by their lower-case `_key`.
-- One SQL text for SQLite and PostgreSQL.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE factories (
    id TEXT PRIMARY KEY,
    subscription TEXT NOT NULL,
    subscription_key TEXT NOT NULL,
    resource_group TEXT NOT NULL,
    group_key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (subscription_key, group_key, name_key)
);

CREATE TABLE documents (
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    -- JSON object: gateway id -> compact JWE
    sealed TEXT,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (factory, kind, name_key)
);

CREATE TABLE gateways (
    id TEXT PRIMARY KEY,
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    queue TEXT NOT NULL,
    -- SHA-256 of each key's secret, and the secret itself under the local key file so that listAuthKeys can show it
    key1_hash TEXT NOT NULL,
    key1_wrapped TEXT NOT NULL,
    key2_hash TEXT NOT NULL,
    key2_wrapped TEXT NOT NULL,
    certificate TEXT,
    thumbprint TEXT,
    created BIGINT NOT NULL,
    UNIQUE (factory, name_key)
);

CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    gateway TEXT NOT NULL REFERENCES gateways (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    machine TEXT NOT NULL,
    version TEXT NOT NULL,
    -- SHA-256 of the node's certificate (DER), hexadecimal
    fingerprint TEXT NOT NULL UNIQUE,
    expires BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    slots BIGINT NOT NULL,
    jobs_limit BIGINT,
    registered BIGINT NOT NULL,
    connected BIGINT,
    started BIGINT,
    UNIQUE (gateway, name_key)
);

CREATE TABLE tokens (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT
);

-- Browser sessions. The one-time tickets they are exchanged for live in memory only.
CREATE TABLE tickets (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    pipeline TEXT NOT NULL,
    -- the pipeline as it was when the run began
    body TEXT NOT NULL,
    parameters TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    cancel BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    updated BIGINT NOT NULL,
    invoked_id TEXT NOT NULL
);
CREATE INDEX runs_by_update ON runs (factory, updated);
CREATE INDEX runs_by_status ON runs (status);

CREATE TABLE activity_runs (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    gateway TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    retry BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    updated BIGINT NOT NULL,
    UNIQUE (run, name)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    activity_run TEXT NOT NULL REFERENCES activity_runs (id) ON DELETE CASCADE,
    gateway TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    token BIGINT NOT NULL,
    state TEXT NOT NULL,
    node TEXT,
    lease_until BIGINT,
    deadline BIGINT NOT NULL,
    spec TEXT NOT NULL,
    progress TEXT,
    cancel BIGINT NOT NULL,
    retry_max BIGINT NOT NULL,
    retry_interval BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    lost BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state);
CREATE INDEX jobs_by_run ON jobs (run);

-- Messages that must go out, written in the transaction that made them necessary.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    gateway TEXT NOT NULL,
    -- NULL: any node of the gateway
    node TEXT,
    job TEXT NOT NULL,
    envelope TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX outbox_by_due ON outbox (due);

-- Every outcome that a node reported, also those that came too late to count.
CREATE TABLE outcomes (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    token BIGINT NOT NULL,
    node TEXT NOT NULL,
    kind TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    data TEXT NOT NULL,
    received BIGINT NOT NULL
);
CREATE INDEX outcomes_by_job ON outcomes (job);

-- x-ms-client-request-id of createRun: clients repeat it when they retry.
CREATE TABLE request_ids (
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    operation TEXT NOT NULL,
    request TEXT NOT NULL,
    run TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (factory, operation, request)
);
