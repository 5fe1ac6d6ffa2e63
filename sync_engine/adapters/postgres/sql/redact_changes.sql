-- Takes values out of the journal's images. Parameters: ids of records, names, names to keep when none is named.
UPDATE sync_engine.sync_changes c
   SET before = i.before, after = i.after
  FROM sync_engine.sync_changes o
 CROSS JOIN LATERAL (
       SELECT (SELECT jsonb_object_agg(f.key, CASE WHEN {chosen} THEN '{{"redacted": true}}' ELSE f.value END)
                 FROM jsonb_each(nullif(o.before, 'null')) f) AS before,
              (SELECT jsonb_object_agg(f.key, CASE WHEN {chosen} THEN '{{"redacted": true}}' ELSE f.value END)
                 FROM jsonb_each(nullif(o.after, 'null')) f) AS after
       ) i
 WHERE o.id = c.id AND c.record_id = ANY ($1::bigint[]) AND c.status <> 'intent'
   AND (i.before IS DISTINCT FROM c.before AND i.before IS NOT NULL
        OR i.after IS DISTINCT FROM c.after AND i.after IS NOT NULL)
