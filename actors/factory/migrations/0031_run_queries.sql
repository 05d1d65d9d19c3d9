-- Queries over runs walk one of these in the order that was asked for, and look at nothing but the index until a row fits:
-- what every query may filter by stands in them, too.
CREATE INDEX runs_in_order ON runs (factory, started, id, updated, LOWER(status), LOWER(pipeline));
CREATE INDEX runs_by_pipeline ON runs (factory, LOWER(pipeline), started, id, updated, LOWER(status));
CREATE INDEX runs_of_status ON runs (factory, LOWER(status), started, id, updated, LOWER(pipeline));
CREATE INDEX runs_by_end ON runs (factory, ended, started, id, updated, LOWER(status), LOWER(pipeline));
CREATE INDEX runs_latest ON runs (started, id);
CREATE INDEX activity_runs_in_order ON activity_runs (run, started, id);
DROP INDEX runs_by_update;
