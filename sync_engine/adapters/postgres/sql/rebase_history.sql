-- As history_extend.sql, by number alone. Parameter: number that all of them are above.
INSERT INTO sync_engine.sync_history (name, mapping, seq)
SELECT left(n.name, 512), e.mapping, e.seq
  FROM sync_engine.sync_events e, LATERAL (VALUES (e.key), (e.old_key), (e.page_id)) n(name)
 WHERE e.seq > $1::bigint AND (n.name <> '' OR n.name = '' AND e.op = 't')
    ON CONFLICT DO NOTHING
