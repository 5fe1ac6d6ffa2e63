-- audit_log of audit_views_v1, which also names what the row filter says. Never changed in place.
CREATE OR REPLACE VIEW sync_engine.audit_log AS
SELECT e.seq,
       coalesce(e.occurred_until, e.occurred) AS at,
       coalesce(e.recorded_at, e.occurred) AS recorded_at,
       CASE e.source WHEN 'p' THEN 'postgres' ELSE 'notion' END AS source,
       coalesce(m.name, e.mapping::text) AS table_name,
       e.key,
       CASE e.op WHEN 'i' THEN 'insert' WHEN 'u' THEN 'update' WHEN 'd' THEN 'delete' WHEN 't' THEN 'truncate'
                 WHEN 's' THEN 'snapshot' WHEN 'r' THEN 'restore'
                 WHEN 'e' THEN 'enter' WHEN 'l' THEN 'leave' END AS op,
       coalesce(nullif(e.actor ->> 'name', ''), e.actor ->> 'sub', e.actor ->> 'set_role', e.actor ->> 'role',
                e.actor ->> 'app', e.actor ->> 'notion_user') AS actor_name,
       coalesce(e.origin, '') AS origin,
       e.before,
       e.after,
       e.actor,
       e.old_key,
       e.page_id,
       e.txid
  FROM sync_engine.sync_events e LEFT JOIN sync_engine.sync_mappings m ON m.id = e.mapping
