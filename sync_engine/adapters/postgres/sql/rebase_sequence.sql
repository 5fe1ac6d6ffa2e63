-- The newest number drawn. A sequence that was restored without its table, or before it, is behind the log: it would
-- give out numbers that are taken, and every write of the application would fail.
SELECT CASE WHEN newest.seq > s.drawn THEN setval('sync_engine.sync_events_seq_seq', newest.seq) ELSE s.drawn END
  FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS drawn FROM sync_engine.sync_events_seq_seq) s
 CROSS JOIN (SELECT coalesce(max(e.seq), 0) AS seq FROM sync_engine.sync_events e) newest
