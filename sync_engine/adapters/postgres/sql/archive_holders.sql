-- Everything that needs the log after a number, with that number: readers, open conflicts, records with something left to
-- do (held and braked ones are among them), and protected marks.
SELECT c.seq, 'the reader ' || c.consumer FROM sync_engine.sync_cursors c
UNION ALL
SELECT min(least(nullif(c.postgres_seq, 0), nullif(c.notion_seq, 0))) - 1, count(*) || ' open conflicts'
  FROM sync_engine.sync_conflicts c WHERE c.status = 'open' HAVING count(*) > 0
UNION ALL
SELECT min(least(nullif(r.postgres_seq, 0), p.seq)) - 1, count(*) || ' records that are held or not carried across yet'
  FROM sync_engine.sync_records r
 CROSS JOIN LATERAL (
       SELECT min((f.value ->> 'seq')::bigint) FILTER (WHERE f.value ->> 'seq' <> '0') AS seq
         FROM (SELECT value FROM jsonb_each(r.postgres) UNION ALL SELECT value FROM jsonb_each(r.notion)) f
       ) p
 WHERE NOT r.quiet OR r.id IN (SELECT h.record_id FROM sync_engine.sync_held h)
HAVING count(*) > 0
UNION ALL
SELECT m.seq, 'the protected mark ' || m.name FROM sync_engine.sync_marks m WHERE m.protected
