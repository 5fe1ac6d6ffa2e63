-- Events that the chain must hold and does not. Parameter: how many.
SELECT e.seq
  FROM sync_engine.sync_events e
  JOIN sync_engine.sync_cursors s
    ON s.consumer = 'history' AND (e.seq <= s.seq OR pg_visible_in_snapshot(e.txid, s.snapshot))
 WHERE e.seq NOT IN (
       SELECT ('x' || encode(substr(c.leaves, place * 16 + 1, 8), 'hex'))::bit(64)::bigint
         FROM sync_engine.sync_chain c CROSS JOIN LATERAL generate_series(0, length(c.leaves) / 16 - 1) place
   )
 ORDER BY e.seq
 LIMIT $1::bigint
