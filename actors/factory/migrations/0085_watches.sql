-- What triggers of files that come and go know of their stores.

CREATE TABLE watches (
    trigger_id TEXT PRIMARY KEY REFERENCES triggers (id) ON DELETE CASCADE,
    -- when the trigger was started
    since BIGINT NOT NULL,
    -- 1: all that was there at the start is known
    ready BIGINT NOT NULL,
    -- the look under way, and which node was asked in which of its sessions; empty when there is none
    look TEXT NOT NULL,
    node TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    -- JSON array: the parts of the look that have come
    parts TEXT NOT NULL,
    -- when the next look begins, or this one has taken too long; 0: a pause from now
    next BIGINT NOT NULL,
    -- when the last one was complete
    looked BIGINT,
    -- why the last one was not
    message TEXT NOT NULL
);
CREATE INDEX watches_by_look ON watches (look);

CREATE TABLE watched_files (
    trigger_id TEXT NOT NULL REFERENCES watches (trigger_id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- size, time and version: whether it is as it was
    stamp TEXT NOT NULL,
    -- known, new, arrived, missing, gone
    state TEXT NOT NULL,
    -- the look that brought it into this state
    look TEXT NOT NULL,
    -- another one each time that the file comes
    arrival TEXT NOT NULL,
    PRIMARY KEY (trigger_id, path)
);
CREATE INDEX watched_files_to_tell ON watched_files (trigger_id, path) WHERE state IN ('arrived', 'gone');

-- What happened: folder, file and kind, of a trigger run that an event fired.
ALTER TABLE trigger_runs ADD COLUMN event TEXT;
