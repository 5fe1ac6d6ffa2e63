-- Body of a table's capture function, composed by capture_function.py. Hand-unrolled, without dynamic SQL or
-- look-ups, because a generic trigger costs ten times as much; and with as few expressions as can be, because each
-- is set up anew in every transaction (docs/adr/0002-capture-trigger-shape.md).
DECLARE
    v_old_key text;
    v_before jsonb;
    v_after jsonb;
    v_actor jsonb;
    v_origin text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
{comparisons}
        IF v_after IS NULL THEN
            RETURN NULL;
        END IF;
{actor}
        INSERT INTO sync_engine.sync_events (mapping, source, op, key, old_key, before, after, actor, origin)
        VALUES ({mapping}, 'p', 'u', {new_key}, v_old_key, v_before, v_after, v_actor, v_origin);
    ELSIF TG_OP = 'INSERT' THEN
        v_after := {new_row};
{actor}
        INSERT INTO sync_engine.sync_events (mapping, source, op, key, after, actor, origin)
        VALUES ({mapping}, 'p', 'i', {new_key}, v_after, v_actor, v_origin);
    ELSE
        v_before := {old_row};
{actor}
        INSERT INTO sync_engine.sync_events (mapping, source, op, key, before, actor, origin)
        VALUES ({mapping}, 'p', 'd', {old_key}, v_before, v_actor, v_origin);
    END IF;
    RETURN NULL;
END
