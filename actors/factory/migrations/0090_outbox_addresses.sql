-- What waits for a node, or for any node of a gateway, is found without reading what waits for others. All that decides whether a
-- message goes out stands in the index, so that those that do not are not read.
CREATE INDEX outbox_by_address ON outbox ((gateway || '/' || COALESCE(node, '')), created, id, due, not_before, held_until);
CREATE INDEX outbox_by_gateway ON outbox (gateway, due);
CREATE INDEX outbox_by_job ON outbox (job);
DROP INDEX outbox_by_due;
