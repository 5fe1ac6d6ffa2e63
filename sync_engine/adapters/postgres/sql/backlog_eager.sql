-- Open records that should not wait behind a bulk of others. Presence: p present, g gone, a absent.
WITH free AS (
    SELECT r.id, r.postgres_seq,
           r.notion <> '{}'::jsonb OR r.postgres_presence = 'g' OR r.notion_presence = 'g' AS urgent
      FROM sync_engine.sync_records r
     WHERE r.mapping = :mapping AND NOT r.quiet
       AND NOT EXISTS (SELECT FROM sync_engine.sync_held h
                        WHERE h.record_id = r.id AND h.op <> 'field' AND coalesce(h.waiting_for, '') = '')
)
SELECT id FROM free WHERE urgent
UNION
(SELECT id FROM free ORDER BY postgres_seq DESC LIMIT :limit)
