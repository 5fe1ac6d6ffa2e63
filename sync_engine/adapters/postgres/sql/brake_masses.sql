-- After brake_candidates.sql: how many there are, how many of them are stopped, and the most of one transaction.
SELECT side, kind, sum(n)::bigint, sum(stopped)::bigint, max(n - stopped)
  FROM (SELECT c.side, c.kind, c.txid, count(*) AS n, count(b.record_id) AS stopped
          FROM candidates c
          LEFT JOIN sync_engine.sync_braked b ON b.record_id = c.id
         WHERE b.approved IS NOT TRUE
           AND NOT EXISTS (SELECT FROM sync_engine.sync_held h
                            WHERE h.record_id = c.id AND h.op <> 'field' AND coalesce(h.waiting_for, '') = '')
         GROUP BY c.side, c.kind, c.txid) AS by_transaction
 GROUP BY side, kind
 ORDER BY kind, side
