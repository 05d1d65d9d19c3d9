-- Who may do what, and what they did.

-- Where a token counts: empty for everywhere, else `subscription`, `subscription/group` or `subscription/group/factory`
-- in lower case.
ALTER TABLE tokens ADD COLUMN within TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX tokens_by_name ON tokens (name);

-- People who log in to the console.
CREATE TABLE users (
    name_key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- PHC string of Argon2id
    password TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);

-- Programs that get tokens from the OAuth endpoints with a client id and a secret.
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    within TEXT NOT NULL,
    -- SHA-256 of the secret, which has 256 bits
    secret TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT
);

CREATE TABLE client_tokens (
    hash TEXT PRIMARY KEY,
    client TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX client_tokens_by_expiry ON client_tokens (expires);

-- Browser sessions: of a user, of a token, or of the link that the factory printed. They replace those of 0001, which
-- belonged to nobody.
DROP TABLE tickets;
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

-- Every change that somebody made, in the transaction that made it, and every one that was refused.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_actor ON audit (actor, at, id);

-- Where a node registered from.
ALTER TABLE nodes ADD COLUMN address TEXT;
