-- Moves a reader's cursor, if it still is where the tick began. Parameters: consumer, previous snapshot, current
-- snapshot, seq, bounds.
INSERT INTO sync_engine.sync_cursors AS c (consumer, snapshot, seq, bounds)
SELECT $1, $3::pg_snapshot, $4::bigint, $5::jsonb
ON CONFLICT (consumer) DO UPDATE
   SET snapshot = excluded.snapshot, seq = excluded.seq, bounds = excluded.bounds, at = clock_timestamp()
 WHERE c.snapshot::text = $2
