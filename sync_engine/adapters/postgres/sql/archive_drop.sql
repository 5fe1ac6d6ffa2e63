-- Takes events out of the log and its index. Parameter: their numbers.
WITH gone AS (
    DELETE FROM sync_engine.sync_events e WHERE e.seq = ANY ($1::bigint[])
    RETURNING e.seq, e.mapping, e.key, e.old_key, e.page_id
)
DELETE FROM sync_engine.sync_history h
 USING gone g CROSS JOIN LATERAL (VALUES (g.key), (g.old_key), (g.page_id)) n(name)
 WHERE h.name = left(n.name, 512) AND h.mapping = g.mapping AND h.seq = g.seq
