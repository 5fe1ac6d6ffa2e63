"""The capture triggers, line by line of their checklist."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sync_engine.adapters.postgres import capture, capture_function
from sync_engine.domain.events import ChangeEvent, Op, Side
from sync_engine.errors import DatabaseBusy, DatabaseError
from sync_engine.ports.installation import CaptureState
from tests.support.captured import CaptureLab

pytestmark = pytest.mark.every_postgres

AGENTS = """
    CREATE TABLE agents (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, status text, n integer, api_key text,
        amount numeric)
"""


@pytest.fixture
def agents(lab: CaptureLab) -> CaptureLab:
    lab.sql(AGENTS)
    lab.capture(lab.mapping("agents", without=["api_key"]))
    return lab


def only(events: list[ChangeEvent]) -> ChangeEvent:
    (event,) = events
    return event


def test_an_insert_is_logged_whole(agents: CaptureLab) -> None:
    [(key,)] = agents.sql("INSERT INTO agents (name, n, amount) VALUES ('Ada', 1, 1.10) RETURNING id::text")
    event = only(agents.events())
    assert (event.op, event.source, event.mapping, event.key) == (Op.INSERT, Side.POSTGRES, 1, key)
    assert event.before is None
    assert event.after == {"id": key, "name": "Ada", "status": None, "n": 1, "amount": "1.10"}
    assert event.occurred.since == event.occurred.until == event.recorded_at


def test_an_update_is_logged_as_what_changed(agents: CaptureLab) -> None:
    [(key,)] = agents.sql("INSERT INTO agents (name, n) VALUES ('Ada', 1) RETURNING id::text")
    agents.sql("UPDATE agents SET name = 'Grace', n = n, status = 'active'")
    event = agents.events()[-1]
    assert (event.op, event.key, event.old_key) == (Op.UPDATE, key, "")
    assert event.before == {"name": "Ada", "status": None}
    assert event.after == {"name": "Grace", "status": "active"}


def test_a_delete_is_logged_whole(agents: CaptureLab) -> None:
    [(key,)] = agents.sql("INSERT INTO agents (name) VALUES ('Ada') RETURNING id::text")
    agents.sql("DELETE FROM agents")
    event = agents.events()[-1]
    assert (event.op, event.key, event.after) == (Op.DELETE, key, None)
    assert event.before == {"id": key, "name": "Ada", "status": None, "n": None, "amount": None}


def test_an_update_that_changes_nothing_is_no_event(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name, amount) VALUES ('Ada', 1.10)")
    agents.sql("UPDATE agents SET name = name, amount = 1.10, status = NULL")
    assert len(agents.events()) == 1


def test_a_column_that_is_left_out_is_never_stored(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name, api_key) VALUES ('Ada', 'sk-secret')")
    agents.sql("UPDATE agents SET api_key = 'sk-other'")
    agents.sql("UPDATE agents SET api_key = 'sk-third', n = 2")
    agents.sql("TRUNCATE agents")
    assert [event.op for event in agents.events()] == [Op.INSERT, Op.UPDATE, Op.TRUNCATE]
    assert "sk-" not in str(agents.sql("SELECT to_jsonb(e) FROM sync_engine.sync_events e"))


def test_a_change_of_the_key_is_one_event_with_both_keys(agents: CaptureLab) -> None:
    [(old,)] = agents.sql("INSERT INTO agents (name) VALUES ('Ada') RETURNING id::text")
    [(new,)] = agents.sql("UPDATE agents SET id = gen_random_uuid(), name = 'Grace' RETURNING id::text")
    event = agents.events()[-1]
    assert (event.op, event.key, event.old_key) == (Op.UPDATE, new, old)
    assert event.before == {"id": old, "name": "Ada"}
    assert event.after == {"id": new, "name": "Grace"}


def test_what_before_triggers_made_of_a_row_is_what_is_logged(agents: CaptureLab) -> None:
    agents.sql("""
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
        CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON agents FOR EACH ROW EXECUTE FUNCTION touch()""")
    agents.sql("INSERT INTO agents (name) VALUES ('ada')")
    agents.sql("UPDATE agents SET name = 'grace'")
    assert [event.after["name"] for event in agents.events() if event.after] == ["ADA", "GRACE"]


def test_changes_by_other_triggers_come_after_the_change_that_caused_them(agents: CaptureLab) -> None:
    agents.sql("""
        CREATE TABLE children (id int PRIMARY KEY, agent uuid REFERENCES agents);
        CREATE FUNCTION add_child() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO children VALUES (1, NEW.id); UPDATE agents SET n = 5 WHERE id = NEW.id; RETURN NULL;
        END $$;
        CREATE TRIGGER a AFTER INSERT ON agents FOR EACH ROW EXECUTE FUNCTION add_child()""")
    agents.capture(agents.mapping("children", id=2))
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    assert [(event.mapping, event.op) for event in agents.events()] == [
        (1, Op.INSERT),
        (2, Op.INSERT),
        (1, Op.UPDATE),
    ]


def test_a_parent_and_its_child_in_one_statement_are_logged_in_order(agents: CaptureLab) -> None:
    agents.sql("CREATE TABLE children (id int PRIMARY KEY, agent uuid REFERENCES agents)")
    agents.capture(agents.mapping("children", id=2))
    agents.sql("""
        WITH parent AS (INSERT INTO agents (name) VALUES ('Ada') RETURNING id)
        INSERT INTO children SELECT 1, id FROM parent""")
    assert [event.mapping for event in agents.events()] == [1, 2]


def test_a_row_taken_out_and_put_back_by_one_statement_is_logged_in_order(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name, n) VALUES ('Ada', 1)")
    agents.sql("""
        WITH gone AS (DELETE FROM agents RETURNING *)
        INSERT INTO agents (id, name, n) SELECT id, name, n + 1 FROM gone""")
    assert [event.op for event in agents.events()] == [Op.INSERT, Op.DELETE, Op.INSERT]


def test_writes_of_a_replica_session_are_captured(agents: CaptureLab) -> None:
    """Restores and logical replication write under this setting, which silences ordinary triggers."""
    agents.sql("SET session_replication_role = replica")
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    agents.sql("UPDATE agents SET n = 1")
    agents.sql("TRUNCATE agents")
    assert [event.op for event in agents.events()] == [Op.INSERT, Op.UPDATE, Op.TRUNCATE]


def test_truncate_logs_each_row_first(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name) SELECT 'agent ' || i FROM generate_series(1, 3) i")
    inserted = {event.key: event.after for event in agents.events()}
    agents.sql("TRUNCATE agents")
    truncated = agents.events()[3:]
    assert {event.op for event in truncated} == {Op.TRUNCATE}
    assert {event.key: event.before for event in truncated} == inserted


def test_truncate_of_too_many_rows_is_one_marker(lab: CaptureLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_function, "TRUNCATE_LIMIT", 2)
    lab.sql(AGENTS)
    lab.capture(lab.mapping("agents"))
    lab.sql("INSERT INTO agents (name) VALUES ('a'), ('b')")
    lab.sql("TRUNCATE agents")
    lab.sql("INSERT INTO agents (name) VALUES ('a'), ('b'), ('c')")
    lab.sql("TRUNCATE agents")
    events = lab.events()
    assert [event.op for event in events] == [Op.INSERT] * 2 + [Op.TRUNCATE] * 2 + [Op.INSERT] * 3 + [Op.TRUNCATE]
    assert (events[-1].key, events[-1].before) == ("", None)
    assert all(event.key and event.before for event in events[2:4])


def test_truncate_works_after_the_table_was_renamed(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    agents.sql('ALTER TABLE agents RENAME TO "renamed agents"')
    agents.sql('TRUNCATE "renamed agents"')
    assert [event.op for event in agents.events()] == [Op.INSERT, Op.TRUNCATE]


def test_a_rolled_back_change_is_not_in_the_log(agents: CaptureLab) -> None:
    with agents.user.transaction(force_rollback=True):
        agents.sql("INSERT INTO agents (name) VALUES ('outer')")
    with agents.user.transaction():
        agents.sql("INSERT INTO agents (name) VALUES ('kept')")
        with agents.user.transaction(force_rollback=True):
            agents.sql("INSERT INTO agents (name) VALUES ('inner')")
    assert [event.after["name"] for event in agents.events() if event.after] == ["kept"]


def test_one_transaction_is_one_txid_savepoints_included(agents: CaptureLab) -> None:
    with agents.user.transaction():
        agents.sql("INSERT INTO agents (name) VALUES ('a')")
        with agents.user.transaction():
            agents.sql("INSERT INTO agents (name) VALUES ('b')")
        [(txid,)] = agents.sql("SELECT pg_current_xact_id()::text::bigint")
    assert [event.txid for event in agents.events()] == [txid, txid]


def test_a_row_that_moves_between_partitions_is_a_delete_and_an_insert_of_one_transaction(lab: CaptureLab) -> None:
    lab.sql("""
        CREATE TABLE parted (id int, region text, n int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
        CREATE TABLE parted_eu PARTITION OF parted FOR VALUES IN ('eu');
        CREATE TABLE parted_us (n int, region text NOT NULL, id int NOT NULL)""")
    mapping = lab.capture(lab.mapping("parted"))
    lab.sql("ALTER TABLE parted ATTACH PARTITION parted_us FOR VALUES IN ('us')")
    lab.sql("SET session_replication_role = replica")
    lab.sql("INSERT INTO parted VALUES (1, 'eu', 5)")
    lab.sql("UPDATE parted SET region = 'us'")
    lab.sql("UPDATE parted SET n = 6")
    inserted, deleted, moved, updated = lab.events()
    assert (inserted.op, deleted.op, moved.op, updated.op) == (Op.INSERT, Op.DELETE, Op.INSERT, Op.UPDATE)
    assert (deleted.key, moved.key, moved.txid) == ("1,eu", "1,us", deleted.txid)
    assert lab.state(mapping) is CaptureState.OK
    lab.sql(f'ALTER TABLE parted_us DISABLE TRIGGER "{capture.ROW_TRIGGER}"')
    assert lab.state(mapping) is CaptureState.DISABLED


def test_clock_times_follow_the_order_of_the_changes(agents: CaptureLab) -> None:
    """Within one transaction, where now() stands still."""
    with agents.user.transaction():
        agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
        [(now,)] = agents.sql("SELECT now()")
        for n in range(5):
            agents.sql("UPDATE agents SET n = %s", n)
    times = [event.occurred.since for event in agents.events()]
    assert times == sorted(set(times))
    assert all(isinstance(at, datetime) and at > now for at in times)


# --- who and why


def test_the_origin_of_the_engines_own_writes_is_kept(agents: CaptureLab) -> None:
    with agents.user.transaction():
        agents.sql("SELECT set_config('sync_engine.origin', 'run:42', true)")
        agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    agents.sql("UPDATE agents SET n = 1")
    assert [event.origin for event in agents.events()] == ["run:42", ""]


@pytest.fixture
def application(agents: CaptureLab) -> Any:
    """A role that may write its table, and has no right in the engine's schema."""
    role = f"app_{agents.user.info.dbname}"
    agents.sql(f"""
        CREATE ROLE {role} LOGIN; CREATE ROLE {role}_group; GRANT {role}_group TO {role};
        GRANT ALL ON agents TO {role}, {role}_group""")
    connection = psycopg.connect(agents.url, user=role, autocommit=True, application_name="the app")
    yield connection
    connection.close()
    agents.sql(f"DROP OWNED BY {role}, {role}_group; DROP ROLE {role}, {role}_group")


def test_an_application_without_rights_on_the_log_writes_its_table(
    agents: CaptureLab, application: psycopg.Connection[Any]
) -> None:
    application.execute("INSERT INTO agents (name) VALUES ('Ada')")
    application.execute("UPDATE agents SET n = 1")
    application.execute("DELETE FROM agents")
    application.execute("TRUNCATE agents")
    assert [event.op for event in agents.events()] == [Op.INSERT, Op.UPDATE, Op.DELETE]
    assert {tuple(event.actor.items()) for event in agents.events()} == {
        (("app", "the app"), ("role", application.info.user))
    }
    for query in (
        "SELECT * FROM sync_engine.sync_events",
        "INSERT INTO sync_engine.sync_marks VALUES ('m')",
        "SELECT sync_engine.capture_actor_v1()",
        "SELECT nextval('sync_engine.sync_events_seq_seq')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(query)


def test_rows_of_the_log_stay_hidden_even_from_a_role_that_was_granted_the_tables(
    agents: CaptureLab, application: psycopg.Connection[Any]
) -> None:
    """A careless GRANT ON ALL TABLES meets row-level security."""
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    role = application.info.user
    agents.sql(f"GRANT USAGE ON SCHEMA sync_engine TO {role}; GRANT SELECT ON sync_engine.sync_events TO {role}")
    assert application.execute("SELECT count(*) FROM sync_engine.sync_events").fetchone() == (0,)
    application.execute("UPDATE agents SET n = 1")
    assert len(agents.events()) == 2


def test_the_actor_says_who_behind_the_log_in(agents: CaptureLab, application: psycopg.Connection[Any]) -> None:
    role = application.info.user
    application.execute("SET application_name = ''")
    application.execute("INSERT INTO agents (name) VALUES ('a')")
    application.execute(f"SET ROLE {role}_group")
    application.execute("SET sync_engine.actor = 'Ada Lovelace'")
    application.execute("""SET request.jwt.claims = '{"sub": "u-1", "email": "ada@example.org"}'""")
    application.execute("INSERT INTO agents (name) VALUES ('b')")
    first, second = agents.events()
    assert first.actor == {"role": role}
    assert second.actor == {"role": role, "set_role": f"{role}_group", "name": "Ada Lovelace", "sub": "u-1"}
    assert "ada@example.org" not in str(agents.sql("SELECT to_jsonb(e) FROM sync_engine.sync_events e"))


@pytest.mark.parametrize(
    "claims",
    [
        "no json",
        "{",
        "[]",
        "null",
        "7",
        '"text"',
        '{"sub": null}',
        r'{"sub": "\u0000"}',
        r'{"sub": "\ud800"}',
        "[" * 20_000,
    ],
    ids=lambda claims: claims[:12],
)
def test_malformed_claims_never_fail_a_write(agents: CaptureLab, claims: str) -> None:
    agents.sql("SELECT set_config('request.jwt.claims', %s, false)", claims)
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    assert "sub" not in only(agents.events()).actor


def test_what_a_session_claims_to_be_is_kept_short(agents: CaptureLab) -> None:
    agents.sql("SELECT set_config('sync_engine.actor', repeat('x', 100000), false)")
    agents.sql("""SELECT set_config('request.jwt.claims', '{"sub": "' || repeat('y', 100000) || '"}', false)""")
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    actor = only(agents.events()).actor
    assert (actor["name"], actor["sub"]) == ("x" * 255, "y" * 255)


# --- hostile surroundings


def test_a_search_path_cannot_put_anything_in_the_triggers_way(agents: CaptureLab) -> None:
    """Operators, functions, types and tables of an attacker would run with the owner's rights."""
    agents.sql("""
        CREATE SCHEMA evil;
        CREATE FUNCTION evil.boom(text, text) RETURNS boolean LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''taken over''; END';
        CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.boom);
        CREATE FUNCTION evil.concat(VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_concat';
        CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION ''taken over''; END';
        CREATE FUNCTION evil.jsonb_build_object(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS
            'SELECT NULL::jsonb';
        CREATE TEMPORARY TABLE sync_events (x int);
        CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (false);
        CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (false);
        SET search_path = evil, pg_temp, public, pg_catalog""")
    agents.sql("INSERT INTO public.agents (name) VALUES ('Ada')")
    agents.sql("UPDATE public.agents SET name = 'Grace', amount = 2")
    agents.sql("TRUNCATE public.agents")
    assert [event.op for event in agents.events()] == [Op.INSERT, Op.UPDATE, Op.TRUNCATE]


HOSTILE = """
    CREATE SCHEMA "My ''Schema";
    CREATE TYPE "My ''Schema"."Mood; --" AS ENUM ('it''s', '100%');
    CREATE TABLE "My ''Schema"."We""ird Ta%ble" (
        "select" int, "Id'; DROP TABLE x; --" text, "$body$" text, "{brace}" text, "%s %I :name" text, "ü 😀" text,
        "v_after" "My ''Schema"."Mood; --", "new" int, "old" int,
        PRIMARY KEY ("select", "Id'; DROP TABLE x; --"))
"""


def test_hostile_names_are_quoted(lab: CaptureLab) -> None:
    lab.sql(HOSTILE)
    mapping = lab.capture(lab.mapping('We"ird Ta%ble', schema="My ''Schema"))
    assert lab.state(mapping) is CaptureState.OK
    table = sql.Identifier(mapping.schema, mapping.table).as_string()
    lab.sql(f"INSERT INTO {table} VALUES (1, 'a,\"b\"', 'c', 'd', 'e', 'f', 'it''s', 1, 2)")
    lab.sql(f'UPDATE {table} SET "ü 😀" = \'g\', "%s %I :name" = NULL, v_after = \'100%\', "new" = 3')
    lab.sql(f'UPDATE {table} SET "select" = 2')
    lab.sql(f"TRUNCATE {table}")
    inserted, updated, moved, truncated = lab.events()
    quoted = '"a,""b"""'
    assert inserted.key == f"1,{quoted}"
    assert updated.after == {"ü 😀": "g", "%s %I :name": None, "v_after": "100%", "new": 3}
    assert (moved.key, moved.old_key) == (f"2,{quoted}", inserted.key)
    assert truncated.before is not None
    assert truncated.before["{brace}"] == "d"
    lab.release(mapping)
    assert lab.state(mapping) is CaptureState.MISSING


def test_a_table_wider_than_a_function_call(lab: CaptureLab) -> None:
    """jsonb_build_object takes 100 arguments; a table has up to 1,600 columns."""
    columns = ", ".join(f"c{n} int" for n in range(1599))
    lab.sql(f"CREATE TABLE wide (id int PRIMARY KEY, {columns})")
    lab.capture(lab.mapping("wide"))
    lab.sql("INSERT INTO wide (id, c1598) VALUES (1, 7)")
    lab.sql("UPDATE wide SET c0 = 1, c777 = 2, c1598 = 3")
    inserted, updated = lab.events()
    assert inserted.after is not None
    assert (len(inserted.after), inserted.after["c1598"]) == (1600, 7)
    assert updated.after == {"c0": 1, "c777": 2, "c1598": 3}


def test_toasted_values(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name, status) VALUES (repeat('a', 9000), repeat('b', 100000))")
    agents.sql("UPDATE agents SET n = 1")
    agents.sql("UPDATE agents SET name = repeat('a', 8999) || 'z'")
    agents.sql("UPDATE agents SET name = repeat('a', 8999) || 'z', n = 2")
    inserted, first, second, third = agents.events()
    assert inserted.after is not None
    assert (len(str(inserted.after["name"])), len(str(inserted.after["status"]))) == (9000, 100_000)
    assert (first.before, first.after) == ({"n": None}, {"n": 1})
    assert (second.before, second.after) == ({"name": "a" * 9000}, {"name": "a" * 8999 + "z"})
    assert third.after == {"n": 2}


# --- installing


def test_install_is_idempotent_and_takes_no_lock_where_all_is_right(agents: CaptureLab) -> None:
    mapping = agents.mapping("agents", without=["api_key"])
    before = agents.sql("SELECT oid FROM pg_trigger ORDER BY 1")
    with agents.user.transaction():
        agents.sql("INSERT INTO agents (name) VALUES ('a writer that is still open')")
        agents.capture(mapping)
    assert agents.sql("SELECT oid FROM pg_trigger ORDER BY 1") == before


def test_a_new_column_makes_capture_outdated_until_it_is_installed_again(agents: CaptureLab) -> None:
    agents.sql("ALTER TABLE agents ADD COLUMN extra text")
    mapping = agents.mapping("agents", without=["api_key"])
    assert agents.state(mapping) is CaptureState.OUTDATED
    agents.sql("INSERT INTO agents (extra) VALUES ('not yet')")
    agents.capture(mapping)
    assert agents.state(mapping) is CaptureState.OK
    agents.sql("UPDATE agents SET extra = 'now'")
    assert agents.events()[-1].after == {"extra": "now"}


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ('ALTER TABLE agents DISABLE TRIGGER "{row}"', CaptureState.DISABLED),
        ('ALTER TABLE agents ENABLE TRIGGER "{row}"', CaptureState.DISABLED),
        ('ALTER TABLE agents ENABLE REPLICA TRIGGER "{truncate}"', CaptureState.DISABLED),
        ('DROP TRIGGER "{row}" ON agents', CaptureState.MISSING),
        ('DROP TRIGGER "{truncate}" ON agents', CaptureState.MISSING),
        ("ALTER FUNCTION sync_engine.capture_1_v1() SECURITY INVOKER", CaptureState.OUTDATED),
        ("ALTER FUNCTION sync_engine.capture_1_v1() RESET search_path", CaptureState.OUTDATED),
        ("ALTER FUNCTION sync_engine.capture_1_v1() SET work_mem = '1MB'", CaptureState.OUTDATED),
    ],
)
def test_what_others_did_to_the_triggers_is_found_and_mended(
    agents: CaptureLab, change: str, state: CaptureState
) -> None:
    mapping = agents.mapping("agents", without=["api_key"])
    assert agents.state(mapping) is CaptureState.OK
    agents.sql(change.format(row=capture.ROW_TRIGGER, truncate=capture.TRUNCATE_TRIGGER))
    assert agents.state(mapping) is state
    agents.capture(mapping)
    assert agents.state(mapping) is CaptureState.OK


def test_uninstall_leaves_nothing_behind(agents: CaptureLab) -> None:
    mapping = agents.mapping("agents")
    agents.release(mapping)
    agents.release(mapping)
    assert agents.state(mapping) is CaptureState.MISSING
    assert agents.sql("SELECT proname FROM pg_proc WHERE proname ~ '^capture_(truncate_)?1_'") == []
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    assert agents.events() == []


def test_capture_of_a_table_without_a_key_is_refused(lab: CaptureLab) -> None:
    lab.sql("CREATE TABLE keyless (n int)")
    with pytest.raises(DatabaseError, match="no primary key"):
        lab.capture(lab.mapping("keyless"))


def test_installing_gives_way_to_a_writer_and_comes_back(lab: CaptureLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer commits while the installer pauses; meanwhile no other writer queues behind it."""
    monkeypatch.setattr(capture, "LOCK_TIMEOUT", "50ms")
    lab.sql(AGENTS)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            lab.sql("COMMIT")

    monkeypatch.setattr(capture.time, "sleep", pause)
    lab.sql("BEGIN")
    lab.sql("INSERT INTO agents (name) VALUES ('Ada')")
    mapping = lab.capture(lab.mapping("agents"))
    assert len(pauses) == 2
    assert lab.state(mapping) is CaptureState.OK


def test_installing_gives_up_after_some_tries(lab: CaptureLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "LOCK_TIMEOUT", "10ms")
    monkeypatch.setattr(capture, "PAUSE_SECONDS", 0)
    lab.sql(AGENTS)
    with lab.user.transaction():
        lab.sql("INSERT INTO agents (name) VALUES ('Ada')")
        with pytest.raises(DatabaseBusy):
            lab.capture(lab.mapping("agents"))
    assert lab.state(lab.mapping("agents")) is CaptureState.MISSING


def test_a_renamed_column_never_fails_a_write_and_is_logged_under_its_old_name(agents: CaptureLab) -> None:
    [(key,)] = agents.sql("INSERT INTO agents (name, n, amount) VALUES ('Ada', 1, 1.10) RETURNING id::text")
    agents.sql("ALTER TABLE agents RENAME name TO full_name")
    agents.sql("UPDATE agents SET full_name = 'Grace', amount = 1.1, api_key = 'sk-secret'")
    event = agents.events()[-1]
    assert (event.op, event.key, event.old_key) == (Op.UPDATE, key, "")
    assert (event.before, event.after) == (
        {"name": "Ada", "amount": "1.10"},
        {"name": "Grace", "amount": "1.1"},
    )
    agents.sql("UPDATE agents SET full_name = full_name, api_key = 'sk-other'")
    agents.sql("DELETE FROM agents")
    [(other,)] = agents.sql("INSERT INTO agents (full_name) VALUES ('Edsger') RETURNING id::text")
    deleted, inserted = agents.events()[-2:]
    whole = {"status": None, "n": 1, "amount": "1.1"}
    assert (deleted.op, deleted.before) == (Op.DELETE, {"id": key, "name": "Grace", **whole})
    assert (inserted.op, inserted.after) == (
        Op.INSERT,
        {"id": other, "name": "Edsger", "status": None, "n": None, "amount": None},
    )


def test_a_dropped_column_never_fails_a_write_and_is_left_out(agents: CaptureLab) -> None:
    [(key,)] = agents.sql("INSERT INTO agents (name, n) VALUES ('Ada', 1) RETURNING id::text")
    agents.sql("ALTER TABLE agents DROP name")
    agents.sql("UPDATE agents SET n = 2, id = id")
    event = agents.events()[-1]
    assert (event.key, event.before, event.after) == (key, {"n": 1}, {"n": 2})


def test_a_column_of_another_type_never_fails_a_write(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name, n) VALUES ('5', 1)")
    agents.sql("ALTER TABLE agents ALTER name TYPE integer USING name::integer")
    agents.sql("UPDATE agents SET name = 6, status = 'active'")
    assert only(agents.events()[1:]).after == {"name": 6, "status": "active"}


def test_a_renamed_key_never_fails_a_write_and_the_row_can_still_be_followed(agents: CaptureLab) -> None:
    [(key,)] = agents.sql("INSERT INTO agents (name) VALUES ('Ada') RETURNING id::text")
    agents.sql("ALTER TABLE agents RENAME id TO agent_id")
    [(new,)] = agents.sql("UPDATE agents SET agent_id = gen_random_uuid() RETURNING agent_id::text")
    event = agents.events()[-1]
    assert (event.key, event.old_key, event.after) == (new, key, {"id": new})


def test_without_its_key_a_row_is_written_but_cannot_be_followed(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    agents.sql("ALTER TABLE agents DROP id")
    agents.sql("UPDATE agents SET name = 'Grace'")
    assert agents.sql("SELECT name FROM agents") == [("Grace",)]
    assert len(agents.events()) == 1


def test_truncate_after_a_rename_is_one_marker(agents: CaptureLab) -> None:
    agents.sql("INSERT INTO agents (name) VALUES ('Ada')")
    agents.sql("ALTER TABLE agents RENAME name TO full_name")
    agents.sql("TRUNCATE agents")
    event = agents.events()[-1]
    assert (event.op, event.key, event.before) == (Op.TRUNCATE, "", None)


def test_a_renamed_column_of_a_partitioned_table_is_logged_whatever_its_number_in_the_partition(
    lab: CaptureLab,
) -> None:
    lab.sql("""
        CREATE TABLE parts (id int PRIMARY KEY, name text, secret text) PARTITION BY RANGE (id);
        CREATE TABLE low (gone text, secret text, name text, id int NOT NULL);
        ALTER TABLE low DROP gone;
        ALTER TABLE parts ATTACH PARTITION low FOR VALUES FROM (0) TO (100)""")
    lab.capture(lab.mapping("parts", without=["secret"]))
    lab.sql("ALTER TABLE parts RENAME name TO title")
    lab.sql("INSERT INTO parts VALUES (1, 'one', 'sk-secret')")
    assert only(lab.events()).after == {"id": 1, "name": "one"}


def test_a_column_that_took_over_a_name_is_logged_under_it(agents: CaptureLab) -> None:
    agents.sql("ALTER TABLE agents RENAME name TO old_name; ALTER TABLE agents ADD name text, DROP status")
    agents.sql("INSERT INTO agents (old_name, name) VALUES ('old', 'new')")
    assert (only(agents.events()).after or {})["name"] == "new"
