-- The log and its chain grow and nothing else. Never changed in place: a change is an append_only_v2.
--
-- The owner may do otherwise when it says so (`SET LOCAL sync_engine.maintenance = 'why'`), and the log then tells of
-- it, as an event of mapping 0. Statement triggers: an INSERT, which is what the user's write does, pays nothing.
CREATE FUNCTION sync_engine.refuse_change_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF coalesce(current_setting('sync_engine.maintenance', true), '') = ''
       OR current_user <> (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = TG_RELID) THEN
        RAISE EXCEPTION
              USING ERRCODE = 'insufficient_privilege',
                    MESSAGE = TG_OP || ' of ' || TG_RELID::regclass || ' refused: the log is append-only',
                    HINT = 'Its owner may SET LOCAL sync_engine.maintenance to the reason; that is logged, '
                           'and audit verify finds what was changed.';
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION sync_engine.log_change_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO sync_engine.sync_events (mapping, source, op, key, after, actor)
    VALUES (0, 'p', lower(left(TG_OP, 1))::"char", '',
            jsonb_build_object('table', TG_TABLE_NAME, 'reason', current_setting('sync_engine.maintenance', true)),
            sync_engine.capture_actor_v1());
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION sync_engine.refuse_change_v1(), sync_engine.log_change_v1() FROM PUBLIC;

CREATE TRIGGER sync_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sync_engine.sync_events
    FOR EACH STATEMENT EXECUTE FUNCTION sync_engine.refuse_change_v1();
CREATE TRIGGER sync_events_maintained AFTER UPDATE OR DELETE OR TRUNCATE ON sync_engine.sync_events
    FOR EACH STATEMENT EXECUTE FUNCTION sync_engine.log_change_v1();
CREATE TRIGGER sync_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sync_engine.sync_chain
    FOR EACH STATEMENT EXECUTE FUNCTION sync_engine.refuse_change_v1();
CREATE TRIGGER sync_chain_maintained AFTER UPDATE OR DELETE OR TRUNCATE ON sync_engine.sync_chain
    FOR EACH STATEMENT EXECUTE FUNCTION sync_engine.log_change_v1();
-- Also under session_replication_role = replica, which restores and replication tools use.
ALTER TABLE sync_engine.sync_events ENABLE ALWAYS TRIGGER sync_events_append_only;
ALTER TABLE sync_engine.sync_events ENABLE ALWAYS TRIGGER sync_events_maintained;
ALTER TABLE sync_engine.sync_chain ENABLE ALWAYS TRIGGER sync_chain_append_only;
ALTER TABLE sync_engine.sync_chain ENABLE ALWAYS TRIGGER sync_chain_maintained;
