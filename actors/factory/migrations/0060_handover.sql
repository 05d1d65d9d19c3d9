-- Nodes that were registered without their gateway's certificate, and the gateway's keys on their way to them
CREATE TABLE handovers (
    node TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
    -- PEM: what the keys are sealed to. Its key never leaves the node
    certificate TEXT NOT NULL,
    asked BIGINT NOT NULL,
    -- A JSON array of sealed keys (JWE); empty until an administrator of another node has approved
    keys TEXT NOT NULL DEFAULT '[]'
);
