-- The questions of `sync-engine audit` as views, for people who live in psql (docs/reference/sql-views.md).
-- Never changed in place: a change is an audit_views_v2.
--
-- audit_log reads the log itself. audit_history, audit_blame and audit_at go by the index of the log (sync_history), so
-- they cost what one record has of events, and know what the last pass has seen.
CREATE VIEW sync_engine.audit_log AS
SELECT e.seq,
       coalesce(e.occurred_until, e.occurred) AS at,
       coalesce(e.recorded_at, e.occurred) AS recorded_at,
       CASE e.source WHEN 'p' THEN 'postgres' ELSE 'notion' END AS source,
       coalesce(m.name, e.mapping::text) AS table_name,
       e.key,
       CASE e.op WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' WHEN 'd' THEN 'delete' WHEN 't' THEN 'truncate'
                 WHEN 's' THEN 'snapshot' WHEN 'r' THEN 'restore' END AS op,
       coalesce(nullif(e.actor ->> 'name', ''), e.actor ->> 'sub', e.actor ->> 'set_role', e.actor ->> 'role',
                e.actor ->> 'app', e.actor ->> 'notion_user') AS actor_name,
       coalesce(e.origin, '') AS origin,
       e.before,
       e.after,
       e.actor,
       e.old_key,
       e.page_id,
       e.txid
  FROM sync_engine.sync_events e LEFT JOIN sync_engine.sync_mappings m ON m.id = e.mapping;
COMMENT ON VIEW sync_engine.audit_log IS 'Every change of both sides, an event a row; order by seq';

CREATE VIEW sync_engine.audit_history AS
SELECT h.name AS key,
       m.name AS table_name,
       l.seq,
       l.at,
       l.source,
       l.op,
       l.actor_name,
       l.origin,
       coalesce((SELECT f.key FROM jsonb_each(m.fields) f
                  WHERE l.source = 'postgres' AND f.value ->> 'column' = c.name LIMIT 1), c.name) AS field,
       l.before -> c.name AS value_before,
       l.after -> c.name AS value_after
  FROM sync_engine.sync_history h
  JOIN sync_engine.sync_mappings m ON m.id = h.mapping
  JOIN sync_engine.audit_log l ON l.seq = h.seq
 CROSS JOIN LATERAL (SELECT jsonb_object_keys(coalesce(l.before, '{}')) UNION
                     SELECT jsonb_object_keys(coalesce(l.after, '{}'))) c(name)
 WHERE h.name <> '' AND l.before -> c.name IS DISTINCT FROM l.after -> c.name;
COMMENT ON VIEW sync_engine.audit_history
    IS 'What changed of a record, a field a row; filter by table_name and key (a record key, a former one or a page id)';

-- Who last set each field. A write of the engine carries a value across and is nobody's: the journal knows which event
-- it was made for, and that one is named. A row read anew (a snapshot) sets nothing.
CREATE VIEW sync_engine.audit_blame AS
SELECT DISTINCT ON (h.table_name, h.key, h.field)
       h.table_name,
       h.key,
       h.field,
       h.value_after AS value,
       coalesce(a.seq, h.seq) AS seq,
       coalesce(a.at, h.at) AS at,
       coalesce(a.source, h.source) AS source,
       coalesce(a.actor_name, h.actor_name) AS actor_name,
       coalesce(a.origin, h.origin) AS origin
  FROM sync_engine.audit_history h
  LEFT JOIN LATERAL (
      SELECT coalesce(CASE l.op WHEN 'snapshot' THEN (
                 SELECT max(p.seq) FROM sync_engine.audit_history p
                  WHERE p.table_name = h.table_name AND p.key = h.key AND p.field = h.field AND p.seq < l.seq
                    AND p.source = 'postgres' AND p.op <> 'snapshot') END, l.seq) AS seq
        FROM sync_engine.sync_changes c
        JOIN sync_engine.sync_mappings m ON m.id = c.mapping
       CROSS JOIN LATERAL unnest(c.seqs) s(seq)
        JOIN sync_engine.audit_log l ON l.seq = s.seq
       WHERE starts_with(h.origin, 'run:')
         AND c.run_id = substr(h.origin, 5) AND m.name = h.table_name AND c.key = h.key AND c.after ? h.field
         AND l.after ?| ARRAY[h.field, m.fields -> h.field ->> 'column']
       ORDER BY c.id DESC, l.seq DESC
       LIMIT 1
  ) cause ON true
  LEFT JOIN sync_engine.audit_log a ON a.seq = cause.seq
 WHERE h.op NOT IN ('delete', 'truncate')
 ORDER BY h.table_name, h.key, h.field, CASE h.op WHEN 'snapshot' THEN -h.seq ELSE h.seq END DESC;
COMMENT ON VIEW sync_engine.audit_blame IS 'Who last set each field of a record; filter by table_name and key';

CREATE FUNCTION sync_engine.audit_at(p_table text, p_key text, p_at timestamptz)
RETURNS TABLE (source text, field text, value jsonb, seq bigint, at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (h.source, h.field) h.source, h.field, h.value_after, h.seq, h.at
      FROM sync_engine.audit_history h
     WHERE h.table_name = p_table AND h.key = p_key AND h.at <= p_at
       AND NOT EXISTS (SELECT FROM sync_engine.sync_history n
                         JOIN sync_engine.sync_mappings m ON m.id = n.mapping AND m.name = p_table
                         JOIN sync_engine.audit_log gone ON gone.seq = n.seq
                        WHERE n.name IN (p_key, '') AND gone.seq >= h.seq AND gone.at <= p_at
                          AND gone.source = h.source AND gone.op IN ('delete', 'truncate'))
     ORDER BY h.source, h.field, h.seq DESC
$$;
COMMENT ON FUNCTION sync_engine.audit_at(text, text, timestamptz)
    IS 'What a record held on each side as of a time, a field a row; no rows of a side on which it was not';
REVOKE ALL ON FUNCTION sync_engine.audit_at(text, text, timestamptz) FROM PUBLIC;
