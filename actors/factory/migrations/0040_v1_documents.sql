-- Documents of Data Factory v1 as their clients sent them, without secrets. What they became stands among the documents.
CREATE TABLE v1_documents (
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    -- JSON array of [collection, name]: what was made of it
    made TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (factory, kind, name_key)
);
