-- Those of some events on which nothing rests any more. Parameters: their numbers, a time, a number.
--
-- What a record was from that time on must still be told by the events that stay, in the same words: so the last event
-- that set a field stays, and so does the one with which a living row or a page begins. An update may leave when later
-- ones, up to that number and time, set each of its fields again; whatever happened to a row may leave when it was deleted
-- or inserted anew since. Rows that ever had another key, markers that a table was emptied, and what the log tells of
-- itself (mapping 0) stay.
WITH old AS MATERIALIZED (
    SELECT e.seq, e.mapping, e.source, e.op, e.key, e.old_key, e.after, left(e.key, 512) AS key_name,
           left(e.page_id, 512) AS page_name, e.page_id
      FROM sync_engine.sync_events e
     WHERE e.seq = ANY ($1::bigint[]) AND e.mapping <> 0
), moved AS MATERIALIZED (
    SELECT DISTINCT o.mapping, o.key
      FROM (SELECT DISTINCT mapping, key, key_name FROM old WHERE source = 'p' AND key <> '') o
      JOIN sync_engine.sync_history h ON h.mapping = o.mapping AND h.name = o.key_name
      JOIN sync_engine.sync_events m ON m.seq = h.seq
     WHERE m.old_key IS NOT NULL AND o.key IN (m.key, m.old_key)
)
SELECT o.seq
  FROM old o
 WHERE o.source = 'p' AND o.key <> ''
   AND NOT EXISTS (SELECT FROM moved m WHERE m.mapping = o.mapping AND m.key = o.key)
   AND (EXISTS (SELECT FROM sync_engine.sync_history h JOIN sync_engine.sync_events l ON l.seq = h.seq
                 WHERE h.mapping = o.mapping AND h.name IN (o.key_name, '') AND h.seq > o.seq AND h.seq <= $3::bigint
                   AND l.source = 'p' AND l.key IN (o.key, '') AND l.op IN ('i', 'd', 't')
                   AND l.occurred < $2::timestamptz)
        OR o.op = 'u' AND NOT EXISTS (
           SELECT FROM jsonb_object_keys(o.after) c(name)
            WHERE NOT EXISTS (
                  SELECT FROM sync_engine.sync_history h JOIN sync_engine.sync_events l ON l.seq = h.seq
                   WHERE h.mapping = o.mapping AND h.name = o.key_name AND h.seq > o.seq AND h.seq <= $3::bigint
                     AND l.source = 'p' AND l.key = o.key AND l.op = 'u' AND l.after ? c.name
                     AND l.occurred < $2::timestamptz)))
UNION ALL
SELECT o.seq
  FROM old o
 WHERE o.source = 'n' AND o.op = 'u' AND o.page_name <> ''
   AND NOT EXISTS (
       SELECT FROM jsonb_object_keys(o.after) c(name)
        WHERE NOT EXISTS (
              SELECT FROM sync_engine.sync_history h JOIN sync_engine.sync_events l ON l.seq = h.seq
               WHERE h.mapping = o.mapping AND h.name = o.page_name AND h.seq > o.seq AND h.seq <= $3::bigint
                 AND l.source = 'n' AND l.page_id = o.page_id AND l.op IN ('i', 'u', 'r') AND l.after ? c.name
                 AND coalesce(l.occurred_until, l.occurred) < $2::timestamptz))
