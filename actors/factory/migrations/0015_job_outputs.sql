-- Pieces of an output that is too large for one message, until its job is completed.
CREATE TABLE job_outputs (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    token BIGINT NOT NULL,
    part BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (job, token, part)
);
