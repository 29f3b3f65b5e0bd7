-- A restored backup begins another epoch of the feed; an operator limits a department's lanes in flight.

-- By what a start sees, beside the cluster's system identifier, that the database is another than the one that it last started on.

-- Of the write-ahead log: point-in-time recovery and the promotion of a replica begin another.
ALTER TABLE feed_epoch ADD COLUMN timeline text;

-- A dump that is restored beside the lost database, in the same cluster, is another database.
ALTER TABLE feed_epoch ADD COLUMN database_oid bigint;

-- Since when PG_VERSION lies where it lies: a copy of the data folder has a time of its own. Null where the role may not ask.
ALTER TABLE feed_epoch ADD COLUMN laid_at timestamptz;

-- Said by an operator who restored a backup: the next start begins another epoch.
ALTER TABLE feed_epoch ADD COLUMN ended_at timestamptz;

-- Who last set or cleared in_flight_limit, and when.
ALTER TABLE lane_state ADD COLUMN limited_by uuid;

ALTER TABLE lane_state ADD COLUMN limited_at timestamptz;
