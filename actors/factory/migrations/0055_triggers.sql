-- Triggers at work, and what each firing came to. A trigger's document is among the documents.

CREATE TABLE triggers (
    -- of this trigger: one that takes the name of a deleted one has windows of its own
    id TEXT PRIMARY KEY,
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    name_key TEXT NOT NULL,
    started BIGINT NOT NULL,
    -- a schedule: the moment up to which everything was fired; windows: the number of the next one
    reached BIGINT NOT NULL,
    -- when it has to be looked at; NULL: when something happens
    due BIGINT,
    created BIGINT NOT NULL,
    UNIQUE (factory, name_key)
);
CREATE INDEX triggers_due ON triggers (due) WHERE due IS NOT NULL;

CREATE TABLE trigger_runs (
    id TEXT PRIMARY KEY,
    factory TEXT NOT NULL REFERENCES factories (id) ON DELETE CASCADE,
    -- no reference: they stay when the trigger is deleted
    trigger_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- the scheduled time or the window; each is fired once
    slot TEXT NOT NULL,
    started BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    scheduled BIGINT NOT NULL,
    window_start BIGINT,
    window_end BIGINT,
    -- JSON object: pipeline -> the last run of it
    pipelines TEXT NOT NULL,
    -- the pipeline run of a window, and how it ended while the scheduler has not seen it
    run TEXT,
    outcome TEXT,
    -- how many runs of the window failed, and when the next one may begin
    failures BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    -- 1: somebody asked for it to run again, so it runs although the trigger is stopped
    asked BIGINT NOT NULL,
    -- JSON object: what the window waits for
    dependencies TEXT NOT NULL,
    UNIQUE (trigger_id, slot)
);
CREATE INDEX trigger_runs_in_order ON trigger_runs (factory, started, id, updated, LOWER(status), LOWER(name));
CREATE INDEX trigger_runs_by_name ON trigger_runs (factory, LOWER(name), started, id, updated, LOWER(status));
CREATE INDEX trigger_runs_of_status ON trigger_runs (factory, LOWER(status), started, id, updated, LOWER(name));
CREATE INDEX trigger_runs_windows ON trigger_runs (trigger_id, window_start);
CREATE INDEX trigger_runs_live ON trigger_runs (trigger_id, window_start)
    WHERE status IN ('Waiting', 'WaitingOnDependency', 'Running');
CREATE INDEX trigger_runs_by_run ON trigger_runs (run) WHERE status = 'Running';
