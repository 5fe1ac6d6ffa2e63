-- Body of a table's capture function, composed by capture_function.py: hand-unrolled, without dynamic SQL or
-- look-ups, because a generic trigger costs ten times as much (docs/adr/0002-capture-trigger-shape.md).
DECLARE
    v_op "char";
    v_key text COLLATE "C";
    v_old_key text COLLATE "C";
    v_before jsonb;
    v_after jsonb;
    v_actor jsonb;
BEGIN
    IF TG_OP = 'UPDATE' THEN
{comparisons}
        IF v_after IS NULL THEN
            RETURN NULL;
        END IF;
        v_op := 'u';
        v_key := {new_key};
    ELSIF TG_OP = 'INSERT' THEN
        v_op := 'i';
        v_key := {new_key};
        v_after := {new_row};
    ELSE
        v_op := 'd';
        v_key := {old_key};
        v_before := {old_row};
    END IF;
{actor}
    INSERT INTO sync_engine.sync_events (mapping, source, op, key, old_key, before, after, actor, origin)
    VALUES ({mapping}, 'p', v_op, v_key, v_old_key, v_before, v_after, v_actor,
            nullif(current_setting('sync_engine.origin', true), ''));
    RETURN NULL;
END
