-- The log tells that it was rebased. Parameter: what happened, as JSON.
WITH told AS (
    INSERT INTO sync_engine.sync_events (mapping, source, op, key, after, actor)
    VALUES (0, 'p', 'r', '', $1::jsonb, sync_engine.capture_actor_v1())
    RETURNING seq
)
UPDATE sync_engine.sync_home SET rebased = rebased || told.seq FROM told RETURNING told.seq
