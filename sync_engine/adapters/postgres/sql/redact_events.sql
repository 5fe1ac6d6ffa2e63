-- Takes values out of the images of events. Parameters: numbers of the events, names, names to keep when none is named.
-- Only of what is sealed (the index of the log and the chain are made together): what was written since is not the past,
-- and the link that will hold it would not know its digest.
WITH old AS MATERIALIZED (
    SELECT e.seq, {digest} AS digest, i.before, i.after
      FROM sync_engine.sync_events e
     CROSS JOIN LATERAL (
           SELECT (SELECT jsonb_object_agg(f.key, CASE WHEN {chosen} THEN '{{"redacted": true}}' ELSE f.value END)
                     FROM jsonb_each(e.before) f) AS before,
                  (SELECT jsonb_object_agg(f.key, CASE WHEN {chosen} THEN '{{"redacted": true}}' ELSE f.value END)
                     FROM jsonb_each(e.after) f) AS after
           ) i
     WHERE e.seq = ANY ($1::bigint[])
       AND EXISTS (SELECT FROM sync_engine.sync_history h
                    WHERE h.mapping = e.mapping AND h.name IN (left(e.key, 512), left(e.page_id, 512)) AND h.seq = e.seq)
), changed AS (
    UPDATE sync_engine.sync_events e
       SET before = CASE WHEN e.before = '{{}}' THEN e.before ELSE o.before END,
           after = CASE WHEN e.after = '{{}}' THEN e.after ELSE o.after END
      FROM old o
     WHERE o.seq = e.seq AND (coalesce(nullif(e.before, '{{}}'), 'null'), coalesce(nullif(e.after, '{{}}'), 'null'))
           IS DISTINCT FROM (coalesce(o.before, 'null'), coalesce(o.after, 'null'))
    RETURNING e.seq, {digest} AS digest
)
SELECT c.seq, o.digest, c.digest FROM changed c JOIN old o USING (seq) ORDER BY c.seq
