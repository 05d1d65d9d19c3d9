-- Activities within activities: scopes, and activity runs that are unique within one.

-- A list of activities at work: the pipeline's own, a branch, or an iteration.
CREATE TABLE scopes (
    -- the run's id for the pipeline's own list, else CONTAINER/ITERATION
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    -- the activity run it belongs to, and the scope that is in
    container TEXT,
    parent TEXT,
    iteration BIGINT NOT NULL,
    -- JSON pointer to the list in the run's pipeline
    path TEXT NOT NULL,
    -- JSON: the item of an iteration
    item TEXT,
    -- the scope whose item is in force here
    item_scope TEXT,
    state TEXT NOT NULL,
    -- JSON: the error of what made it fail, and its name
    error TEXT,
    -- 1: something in it happened that the orchestrator has not looked at
    dirty BIGINT NOT NULL
);
CREATE INDEX scopes_by_run ON scopes (run, dirty);
CREATE INDEX scopes_dirty ON scopes (run) WHERE dirty = 1;
CREATE INDEX scopes_by_container ON scopes (container, state, iteration);

CREATE TABLE activity_runs_2 (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    gateway TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    retry BIGINT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    updated BIGINT NOT NULL,
    -- when the orchestrator has to look at it although nothing happened
    due BIGINT,
    -- JSON: what the activity has to remember
    memo TEXT,
    -- JSON: userProperties
    properties TEXT NOT NULL,
    -- 1: what the policy says about showing input and output
    secure_input BIGINT NOT NULL,
    secure_output BIGINT NOT NULL,
    UNIQUE (scope, name_key)
);
INSERT INTO activity_runs_2 (id, run, scope, position, name, name_key, kind, status, gateway, input, output, error,
    retry, started, ended, updated, properties, secure_input, secure_output)
SELECT id, run, run, position, name, LOWER(name), kind, status, gateway, input, output, error, retry, started, ended,
    updated, '{}', 0, 0 FROM activity_runs;

-- Jobs refer to activity runs, attempts to jobs: both would go with the old table.
CREATE TABLE jobs_2 (
    id TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    activity_run TEXT NOT NULL REFERENCES activity_runs_2 (id) ON DELETE CASCADE,
    gateway TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    token BIGINT NOT NULL,
    state TEXT NOT NULL,
    node TEXT,
    lease_until BIGINT,
    deadline BIGINT NOT NULL,
    spec TEXT NOT NULL,
    progress TEXT,
    cancel BIGINT NOT NULL,
    retry_max BIGINT NOT NULL,
    retry_interval BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    lost BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
INSERT INTO jobs_2 (id, run, activity_run, gateway, attempt, token, state, node, lease_until, deadline, spec, progress,
    cancel, retry_max, retry_interval, failures, lost, updated)
SELECT id, run, activity_run, gateway, attempt, token, state, node, lease_until, deadline, spec, progress, cancel,
    retry_max, retry_interval, failures, lost, updated FROM jobs;
CREATE TABLE attempts_2 (
    job TEXT NOT NULL REFERENCES jobs_2 (id) ON DELETE CASCADE,
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
INSERT INTO attempts_2 (job, attempt, token, node, began, ended, result, code, message, records)
SELECT job, attempt, token, node, began, ended, result, code, message, records FROM attempts;
DROP TABLE attempts;
DROP TABLE jobs;
DROP TABLE activity_runs;
ALTER TABLE activity_runs_2 RENAME TO activity_runs;
ALTER TABLE jobs_2 RENAME TO jobs;
ALTER TABLE attempts_2 RENAME TO attempts;

CREATE INDEX activity_runs_due ON activity_runs (due) WHERE due IS NOT NULL;
-- live ones only: of a long run nearly all are over
CREATE INDEX jobs_live ON jobs (state) WHERE state IN ('queued', 'dispatched', 'leased', 'committing');
CREATE INDEX jobs_live_by_run ON jobs (run) WHERE state IN ('queued', 'dispatched', 'leased', 'committing');
CREATE INDEX jobs_by_run ON jobs (run);
CREATE INDEX jobs_by_activity ON jobs (activity_run);

-- Place 0 is what a variable was set to; what was appended to it follows.
CREATE TABLE run_variables (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name_key TEXT NOT NULL,
    place BIGINT NOT NULL,
    -- JSON
    value TEXT NOT NULL,
    PRIMARY KEY (run, name_key, place)
);

-- Runs that are under way go on.
INSERT INTO scopes (id, run, iteration, path, state, dirty)
SELECT id, id, 0, '/properties/activities', 'open', 1 FROM runs WHERE ended IS NULL;
