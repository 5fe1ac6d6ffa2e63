-- Postgres events by number, as `captured_events` in event_rows.py reads them. Parameters: number that all of them are
-- above, how many.
SELECT e.seq, e.txid, e.mapping, e.key, e.op, e.before::text, e.after::text, e.occurred, e.actor::text, e.origin,
       e.old_key, e.snapshot::text, e.schema_version
  FROM sync_engine.sync_events e
 WHERE e.seq > $1::bigint AND e.source = 'p' AND e.recorded_at IS NULL
 ORDER BY e.seq
 LIMIT $2::bigint
