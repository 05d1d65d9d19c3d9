-- Who started a run and what it knows from its beginning; which runs belong together.

-- JSON: who invoked it, what trigger() is, the data factory's name and global parameters at that moment
ALTER TABLE runs ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
-- runs and reruns of the same work have one group
ALTER TABLE runs ADD COLUMN run_group TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN is_latest BIGINT NOT NULL DEFAULT 1;
-- the activity run that started it, and how many runs are above it
ALTER TABLE runs ADD COLUMN parent TEXT;
ALTER TABLE runs ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
-- how many runs of the pipeline may be in progress; 0 is any number
ALTER TABLE runs ADD COLUMN concurrency BIGINT NOT NULL DEFAULT 0;
-- JSON array
ALTER TABLE runs ADD COLUMN annotations TEXT NOT NULL DEFAULT '[]';
-- JSON object: what SetVariable gave to pipelineReturnValue
ALTER TABLE runs ADD COLUMN return_value TEXT;

UPDATE runs SET run_group = id;

CREATE INDEX runs_live_by_pipeline ON runs (factory, pipeline, started) WHERE ended IS NULL;
CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;
CREATE INDEX runs_by_group ON runs (run_group);
