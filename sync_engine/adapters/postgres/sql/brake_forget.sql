-- After brake_candidates.sql.
DELETE FROM sync_engine.sync_braked b
 WHERE b.mapping = :mapping
   AND NOT EXISTS (SELECT FROM candidates c WHERE c.id = b.record_id AND c.side = b.side AND c.kind = b.kind)
