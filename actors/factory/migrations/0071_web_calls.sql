-- Calls of web addresses that the factory makes itself, until their activity is over or waits for its callback.
CREATE TABLE web_calls (
    activity TEXT PRIMARY KEY REFERENCES activity_runs (id) ON DELETE CASCADE,
    run TEXT NOT NULL,
    -- JSON: the activity's typeProperties
    settings TEXT NOT NULL,
    -- 1: a WebHook: a callback ends the activity, not the answer
    hook BIGINT NOT NULL,
    -- the longest that one call may take, and the pause before another one, in microseconds
    timeout BIGINT NOT NULL,
    pause BIGINT NOT NULL,
    -- how often it may be repeated after a failure, and how often it has failed
    retries BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    -- the process that calls, and until when no other does
    holder TEXT NOT NULL,
    held_until BIGINT NOT NULL
);
CREATE INDEX web_calls_due ON web_calls (not_before);
