-- By the end of runs, those that have not ended come behind all others, in every database: NULLs have no place of their own
-- that all agree on, and no page can begin behind one.
DROP INDEX runs_by_end;
CREATE INDEX runs_by_end ON runs (factory, COALESCE(ended, 9223372036854775807), started, id, updated, LOWER(status), LOWER(pipeline));
