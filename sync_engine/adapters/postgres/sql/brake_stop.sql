-- After brake_candidates.sql. A record that waits or was approved already stays as it is.
INSERT INTO sync_engine.sync_braked (record_id, mapping, side, kind, run_id)
SELECT c.id, :mapping, c.side, c.kind, :run_id
  FROM candidates c
 WHERE c.side = :side AND c.kind = :kind
   AND NOT EXISTS (SELECT FROM sync_engine.sync_held h
                    WHERE h.record_id = c.id AND h.op <> 'field' AND coalesce(h.waiting_for, '') = '')
    ON CONFLICT (record_id) DO NOTHING
