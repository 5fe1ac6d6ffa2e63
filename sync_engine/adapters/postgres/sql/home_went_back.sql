-- Whether the server counts transactions or events from an earlier point than the log and its readers have seen.
SELECT EXISTS (SELECT FROM sync_engine.sync_cursors c
                WHERE pg_snapshot_xmax(c.snapshot) > pg_snapshot_xmax(pg_current_snapshot()))
    OR EXISTS (SELECT FROM sync_engine.sync_cursors c CROSS JOIN LATERAL jsonb_array_elements(c.bounds) b
                WHERE (b ->> 1)::bigint > s.drawn)
    OR EXISTS (SELECT FROM (SELECT e.seq, e.txid FROM sync_engine.sync_events e ORDER BY e.seq DESC LIMIT 1) newest
                WHERE newest.seq > s.drawn OR newest.txid > greatest(pg_snapshot_xmax(pg_current_snapshot()), pg_current_xact_id_if_assigned()))
  FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS drawn FROM sync_engine.sync_events_seq_seq) s
