-- SHA-256 (base64url) of the credential certificates whose keys a node holds: a JSON array
ALTER TABLE nodes ADD COLUMN certificates TEXT NOT NULL DEFAULT '[]';
-- Until when a registration key registers nodes; NULL: for ever
ALTER TABLE gateways ADD COLUMN key1_expires BIGINT;
ALTER TABLE gateways ADD COLUMN key2_expires BIGINT;
-- How many nodes a gateway may have
ALTER TABLE gateways ADD COLUMN places BIGINT NOT NULL DEFAULT 4;
