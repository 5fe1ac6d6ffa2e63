-- Body of a table's TRUNCATE function: every row that is about to go becomes an event of its own, as E-Maj does.
-- Above the limit only one event without key and image says that the table was emptied, because a copy of millions
-- of rows is not what somebody who truncates asked for. So it does too where the transaction's snapshot may not show
-- every row (REPEATABLE READ): then the rows that it shows are logged and the marker follows.
-- The table is addressed by its oid, so that a rename does not make TRUNCATE fail; where columns were renamed or dropped
-- since, only the event that says that the table was emptied is logged.
DECLARE
    v_too_many boolean;
BEGIN
    EXECUTE 'SELECT EXISTS (SELECT FROM {only}' || TG_RELID::regclass || ' OFFSET ' || {limit} || ')' INTO v_too_many;
    IF NOT v_too_many THEN
        BEGIN
            EXECUTE {insert_from} || TG_RELID::regclass || ' AS t';
        EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
            v_too_many := true;
        END;
    END IF;
    IF v_too_many OR current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        INSERT INTO sync_engine.sync_events (mapping, source, op, key, actor, origin)
        VALUES ({mapping}, 'p', 't', '',
{actor});
    END IF;
    RETURN NULL;
END
