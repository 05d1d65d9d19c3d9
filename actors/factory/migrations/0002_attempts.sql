-- The history of every job: which node had it, and how that ended.
CREATE TABLE attempts (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt BIGINT NOT NULL,
    token BIGINT NOT NULL,
    node TEXT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT,
    -- Succeeded, Failed, Lost, GivenBack, Cancelled
    result TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    records BIGINT NOT NULL,
    PRIMARY KEY (job, attempt)
);
