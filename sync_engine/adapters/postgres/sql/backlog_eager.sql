-- Open records that should not wait behind a bulk of others: what came from Notion, what is gone on a side (all of
-- it: the brake must see the whole of a mass delete), and of what changed in Postgres lately the smallest
-- transactions first, because a person's edit is small. Presence: p present, g gone, o outside of the row
-- filter, a absent.
WITH free AS (
    SELECT r.id, r.postgres_seq, r.postgres_txid,
           r.notion <> '{}'::jsonb OR r.postgres_presence IN ('g', 'o') OR r.notion_presence = 'g' AS urgent
      FROM sync_engine.sync_records r
     WHERE r.mapping = :mapping AND NOT r.quiet
       AND NOT EXISTS (SELECT FROM sync_engine.sync_held h
                        WHERE h.record_id = r.id AND h.op <> 'field' AND coalesce(h.waiting_for, '') = '')
       AND NOT EXISTS (SELECT FROM sync_engine.sync_braked b WHERE b.record_id = r.id AND NOT b.approved)
)
SELECT id FROM free WHERE urgent
UNION
SELECT id FROM (
    SELECT id FROM (
        SELECT id, postgres_seq, count(*) OVER (PARTITION BY postgres_txid) AS together
          FROM free WHERE postgres_seq > :newer_than
    ) AS lately
    ORDER BY together, postgres_seq DESC
    LIMIT :limit
) AS smallest
