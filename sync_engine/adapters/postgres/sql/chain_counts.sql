-- Events that the chain holds, events in the log that it must hold, and the others; in one look.
WITH sealed AS (SELECT c.snapshot, c.seq FROM sync_engine.sync_cursors c WHERE c.consumer = 'history')
SELECT (SELECT coalesce(sum(c.events), 0) FROM sync_engine.sync_chain c),
       count(*) FILTER (WHERE s.seq IS NOT NULL), count(*) FILTER (WHERE s.seq IS NULL)
  FROM sync_engine.sync_events e
  LEFT JOIN sealed s ON e.seq <= s.seq OR pg_visible_in_snapshot(e.txid, s.snapshot)
