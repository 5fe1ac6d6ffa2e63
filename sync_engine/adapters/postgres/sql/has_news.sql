-- Whether a row change became visible since the cursor's snapshot, by the index on txid: transactions that began
-- after that snapshot, and those that were under way in it and have ended since.
WITH step AS MATERIALIZED (
    SELECT coalesce((SELECT c.snapshot FROM sync_engine.sync_cursors c WHERE c.consumer = :consumer),
                    '1:1:'::pg_catalog.pg_snapshot) AS previous,
           pg_catalog.pg_current_snapshot() AS now
)
SELECT EXISTS (
    SELECT FROM step, sync_engine.sync_events e
     WHERE e.txid >= pg_catalog.pg_snapshot_xmax(step.previous) AND e.source = 'p'
       AND pg_catalog.pg_visible_in_snapshot(e.txid, step.now)
) OR EXISTS (
    SELECT FROM step, sync_engine.sync_events e
     WHERE e.txid = ANY (ARRAY(SELECT x FROM pg_catalog.pg_snapshot_xip(step.previous) x
                                WHERE pg_catalog.pg_visible_in_snapshot(x, step.now)))
       AND e.source = 'p'
)
