-- The processes that a node has run as: one that comes back after another one has taken its place is a second machine
CREATE TABLE node_instances (
    node TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    instance TEXT NOT NULL,
    machine TEXT NOT NULL,
    -- its latest session
    epoch BIGINT NOT NULL,
    PRIMARY KEY (node, instance)
);
-- When it was last noticed that a node runs twice
ALTER TABLE nodes ADD COLUMN cloned BIGINT;
