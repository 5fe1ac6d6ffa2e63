-- Why values of these records are still needed.
SELECT 'conflict ' || c.id || ' is open' FROM sync_engine.sync_conflicts c
 WHERE c.record_id = ANY (:records) AND c.status = 'open'
UNION ALL
SELECT 'it is held: ' || h.reason FROM sync_engine.sync_held h WHERE h.record_id = ANY (:records)
UNION ALL
SELECT 'it has something left to carry across' FROM sync_engine.sync_records r
 WHERE r.id = ANY (:records) AND NOT r.quiet
UNION ALL
SELECT 'a write of it is under way' FROM sync_engine.sync_changes c
 WHERE c.record_id = ANY (:records) AND c.status = 'intent'
