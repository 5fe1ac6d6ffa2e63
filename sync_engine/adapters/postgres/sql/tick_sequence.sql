-- The newest number that the log has drawn, whether this transaction has no id yet, and whether the planner knows the
-- log. To be read before the id is taken, in a statement of its own (see tick_bounds.py).
SELECT CASE WHEN is_called THEN last_value ELSE 0 END,
       pg_current_xact_id_if_assigned() IS NULL,
       EXISTS (SELECT FROM pg_catalog.pg_stats
                WHERE schemaname = 'sync_engine' AND tablename = 'sync_events' AND attname = 'seq')
  FROM sync_engine.sync_events_seq_seq
