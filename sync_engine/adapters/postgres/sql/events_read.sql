-- One page of a tick: Postgres events that became visible between two snapshots, by seq.
-- Parameters: seq that all of them are above, previous and current snapshot, number of events.
-- An event with a time of recording was made by the engine itself, and folded when it was made.
-- Only what a row's event can have: `captured_events` in event_rows.py reads these columns.
-- The key's index gives them in order, so a page costs the same wherever in the tick it is.
SELECT e.seq, e.txid, e.mapping, e.key, e.op, e.before::text, e.after::text, e.occurred, e.actor::text, e.origin,
       e.old_key, e.snapshot::text, e.schema_version
  FROM sync_engine.sync_events e
 WHERE e.seq > $1::bigint
   AND e.source = 'p'
   AND e.recorded_at IS NULL
   AND NOT pg_visible_in_snapshot(e.txid, $2::pg_snapshot)
   AND pg_visible_in_snapshot(e.txid, $3::pg_snapshot)
 ORDER BY e.seq
 LIMIT $4::bigint
