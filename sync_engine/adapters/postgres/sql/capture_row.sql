-- Body of a table's capture function, composed by capture_function.py. Hand-unrolled, without dynamic SQL or
-- look-ups, because a generic trigger costs ten times as much; and with as few expressions as can be, because each
-- is set up anew in every transaction (docs/adr/0002-capture-trigger-shape.md).
-- The images are taken in a block of their own, so that a column that was renamed, dropped or retyped since never
-- fails the application's write; nothing is written in that block, so it uses up no transaction id.
DECLARE
    v_key text;
    v_old_key text;
    v_before jsonb;
    v_after jsonb;
    v_select text;
BEGIN
    BEGIN
        IF TG_OP = 'UPDATE' THEN
{comparisons}
            IF v_after IS NULL THEN
                RETURN NULL;
            END IF;{pinned}
            v_key := {new_key};
        ELSIF TG_OP = 'INSERT' THEN
            v_after := {new_row};
            v_key := {new_key};
        ELSE
            v_before := {old_row};
            v_key := {old_key};
        END IF;
    EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
{fallback}
    END;
    INSERT INTO sync_engine.sync_events (mapping, source, op, key, old_key, before, after, actor, origin)
    VALUES ({mapping}, 'p', lower(left(TG_OP, 1))::"char", v_key, v_old_key, v_before, v_after,
{actor});
    RETURN NULL;
END
