-- Certificates of nodes that have been renewed since: good until their own end, so that a node which dies before it has written the
-- new one down is not locked out
CREATE TABLE superseded_certificates (
    fingerprint TEXT PRIMARY KEY,
    node TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    expires BIGINT NOT NULL
);
CREATE INDEX superseded_certificates_node ON superseded_certificates (node);
