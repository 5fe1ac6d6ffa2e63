-- Closed long ago, of records that have nothing left to carry across: what is under way may still need its conflict.
DELETE FROM sync_engine.sync_conflicts
 WHERE ctid = ANY (ARRAY(
       SELECT c.ctid FROM sync_engine.sync_conflicts c
        WHERE c.status <> 'open' AND coalesce(c.resolved_at, c.detected_at) < clock_timestamp() - %(age)s::interval
          AND NOT EXISTS (SELECT FROM sync_engine.sync_records r WHERE r.id = c.record_id AND NOT r.quiet)
        LIMIT %(limit)s))
