"""Rows of the user: every type, hostile names, and one bad row that never stops the others."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from sync_engine.adapters.postgres.database import PostgresDatabase
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.values import Json
from sync_engine.errors import DatabaseError, NotSetUp, UsageError
from sync_engine.ports.rows import RowOp, RowOutcome, RowResult, RowWrite
from tests.support.postgres import Database

DONE, CHANGED, MISSING, REJECTED = RowResult.DONE, RowResult.CHANGED, RowResult.MISSING, RowResult.REJECTED
Literals = Mapping[str, str | None]


@dataclass
class UserTable:
    """One table of a user, as a person with psql and as the adapter see it."""

    url: str
    mapping: TableMapping

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def write(self, *writes: RowWrite, origin: str = "run:1") -> list[RowOutcome]:
        with opened(self.url) as database, database.transaction(origin) as unit:
            return list(unit.rows.write(self.mapping, writes))

    def one(self, write: RowWrite) -> RowOutcome:
        (outcome,) = self.write(write)
        return outcome

    def images(self) -> dict[str, dict[str, Json]]:
        with opened(self.url) as database, database.transaction() as unit:
            return dict(unit.rows.scan(self.mapping, batch=2))


@contextmanager
def opened(url: str) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(url)
    yield database
    database.close()


MakeTable = Callable[..., UserTable]


@pytest.fixture
def make(empty_database: Database) -> Iterator[MakeTable]:
    """Run some DDL and map the table `name` of it."""

    def make_table(ddl: str, name: str = "t", key: Sequence[str] = ("id",), schema: str = "public") -> UserTable:
        with empty_database.connect() as connection:
            connection.execute(ddl)
            columns = connection.execute(
                "select attname from pg_attribute where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass"
                " and attnum > 0 and not attisdropped order by attnum",
                [schema, name],
            ).fetchall()
        captured = tuple(column for (column,) in columns)
        mapping = TableMapping(
            name=name,
            schema=schema,
            table=name,
            key_columns=tuple(key),
            key_types=(),
            fields=(),
            title="",
            captured=captured,
        )
        return UserTable(empty_database.url, mapping)

    yield make_table


def insert(key: str = "", **values: str | None) -> RowWrite:
    return RowWrite(RowOp.INSERT, key, values, {})


def update(key: str, values: Literals, expected: Literals | None = None) -> RowWrite:
    return RowWrite(RowOp.UPDATE, key, values, expected or {})


def delete(key: str, expected: Literals | None = None) -> RowWrite:
    return RowWrite(RowOp.DELETE, key, {}, expected or {})


def results(outcomes: Sequence[RowOutcome]) -> list[RowResult]:
    return [outcome.result for outcome in outcomes]


SIMPLE = "create table t (id int primary key, name text, n int)"


class TestReading:
    def test_fetch_finds_those_that_exist(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', null), (2, 'b', 5)")
        with opened(table.url) as database, database.transaction() as unit:
            found = unit.rows.fetch(table.mapping, ["2", "3", "1", "2"])
            assert unit.rows.fetch(table.mapping, []) == {}
        assert found == {"1": {"id": 1, "name": "a", "n": None}, "2": {"id": 2, "name": "b", "n": 5}}

    def test_scan_is_in_key_order_under_one_snapshot(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t select n, 'x', n from generate_series(10, 1, -1) n")
        with opened(table.url) as database, database.transaction() as unit:
            scan = unit.rows.scan(table.mapping, batch=3)
            first = next(scan)
            table.sql("delete from t where id > 5")
            keys = [first[0], *(key for key, _ in scan)]
            assert unit.rows.count(table.mapping) == 5
        assert keys == [str(n) for n in range(1, 11)]

    def test_two_scans_at_once_and_one_left_unread(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t select n, 'x', n from generate_series(1, 9) n")
        with opened(table.url) as database, database.transaction() as unit:
            one, two = unit.rows.scan(table.mapping, 2), unit.rows.scan(table.mapping, 2)
            assert [next(one)[0], next(two)[0], next(one)[0]] == ["1", "1", "2"]
            assert len(list(two)) == 8
        assert table.images().keys() == {str(n) for n in range(1, 10)}

    def test_composite_keys(self, make: MakeTable) -> None:
        table = make(
            "create table t (b text, a int, v text, primary key (a, b));"
            " insert into t values ('x,\"y\"', 1, 'one'), ('', 2, 'two'), (E'new\\nline', 3, 'three')",
            key=("a", "b"),
        )
        keys = ['1,"x,""y"""', "2,", '3,"new\nline"']
        assert list(table.images()) == keys
        with opened(table.url) as database, database.transaction() as unit:
            assert {key: image["v"] for key, image in unit.rows.fetch(table.mapping, keys).items()} == {
                keys[0]: "one",
                keys[1]: "two",
                keys[2]: "three",
            }
            with pytest.raises(UsageError):
                unit.rows.fetch(table.mapping, ["1"])

    def test_a_missing_table_and_a_missing_column(self, make: MakeTable) -> None:
        table = make(SIMPLE)
        table.sql("alter table t drop column n")
        with pytest.raises(DatabaseError, match="no column 'n'"):
            table.images()
        table.sql("drop table t")
        with pytest.raises(DatabaseError, match="not in the database"):
            table.images()


class TestCompareAndSet:
    def test_update(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1), (2, null, 2), (3, 'c', 3)")
        outcomes = table.write(
            update("1", {"name": "A"}, {"name": "a"}),
            update("2", {"name": "B"}, {"name": None}),
            update("3", {"name": "C"}, {"name": "other"}),
            update("4", {"name": "D"}, {"name": "d"}),
        )
        assert results(outcomes) == [DONE, DONE, CHANGED, MISSING]
        assert [outcome.key for outcome in outcomes] == ["1", "2", "3", "4"]
        assert outcomes[0].image == {"id": 1, "name": "A", "n": 1}
        assert outcomes[2].image == {"id": 3, "name": "c", "n": 3}
        assert outcomes[3].image is None
        assert [image["name"] for image in table.images().values()] == ["A", "B", "c"]

    def test_delete(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1), (2, null, 2)")
        outcomes = table.write(delete("1", {"name": "a", "n": "1"}), delete("2", {"name": "b"}), delete("3"))
        assert results(outcomes) == [DONE, CHANGED, MISSING]
        assert outcomes[0].image == {"id": 1, "name": "a", "n": 1}
        assert list(table.images()) == ["2"]

    def test_different_columns_in_one_call_keep_their_places(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t select n, 'x', n from generate_series(1, 6) n")
        writes = [update(str(n), {"name": f"v{n}"} if n % 2 else {"n": str(-n)}) for n in range(1, 7)]
        outcomes = table.write(*writes)
        assert [outcome.key for outcome in outcomes] == [str(n) for n in range(1, 7)]
        assert list(table.images().values()) == [
            {"id": n, "name": f"v{n}", "n": n} if n % 2 else {"id": n, "name": "x", "n": -n} for n in range(1, 7)
        ]

    def test_the_same_row_twice(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1)")
        outcomes = table.write(
            update("1", {"name": "b"}, {"name": "a"}),
            update("1", {"name": "c"}, {"name": "b"}),
            update("1", {"name": "d"}, {"name": "b"}),
            delete("1", {"name": "c"}),
            insert("1", name="again"),
        )
        assert results(outcomes) == [DONE, DONE, CHANGED, DONE, DONE]
        assert table.images() == {"1": {"id": 1, "name": "again", "n": None}}

    def test_an_update_of_nothing_only_compares(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1)")
        outcomes = table.write(update("1", {}, {"name": "a"}), update("1", {}, {"name": "b"}))
        assert results(outcomes) == [DONE, CHANGED]

    def test_a_changed_key_and_a_write_to_the_new_one(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1)")
        outcomes = table.write(update("1", {"id": "9"}), update("9", {"name": "b"}, {"name": "a"}))
        assert [(outcome.result, outcome.key) for outcome in outcomes] == [(DONE, "9"), (DONE, "9")]
        assert table.images() == {"9": {"id": 9, "name": "b", "n": 1}}

    def test_a_row_changed_by_another_writer_meanwhile(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1), (2, 'b', 2)")
        with opened(table.url) as database, database.transaction() as unit:
            unit.rows.count(table.mapping)
            table.sql("update t set name = 'theirs' where id = 1; update t set n = 99 where id = 2")
            outcomes = unit.rows.write(
                table.mapping,
                [update("1", {"name": "ours"}, {"name": "a"}), update("2", {"name": "ours"}, {"name": "b"})],
            )
        assert results(outcomes) == [CHANGED, DONE]
        assert outcomes[1].image == {"id": 2, "name": "ours", "n": 99}

    def test_nothing_to_write(self, make: MakeTable) -> None:
        assert make(SIMPLE).write() == []


class TestInsert:
    def test_with_a_key_and_with_one_the_database_makes(self, make: MakeTable) -> None:
        table = make("create table t (id uuid primary key default gen_random_uuid(), name text, n int default 7)")
        given = str(uuid.uuid4())
        outcomes = table.write(insert(given, name="a"), insert(name="b", n=None), insert(name="c"))
        assert results(outcomes) == [DONE] * 3
        assert outcomes[0].key == given
        assert [outcome.image and (outcome.image["name"], outcome.image["n"]) for outcome in outcomes] == [
            ("a", 7),
            ("b", None),
            ("c", 7),
        ]
        assert {outcome.key for outcome in outcomes} == table.images().keys()

    def test_with_nothing_at_all(self, make: MakeTable) -> None:
        table = make("create table t (id int generated by default as identity primary key, name text default 'd')")
        assert [outcome.key for outcome in table.write(insert(), insert())] == ["1", "2"]

    def test_the_order_of_generated_keys(self, make: MakeTable) -> None:
        table = make("create table t (id int generated always as identity primary key, name text)")
        outcomes = table.write(*(insert(name=f"row {n}") for n in range(2_500)))
        assert [outcome.key for outcome in outcomes] == [str(n + 1) for n in range(2_500)]
        assert [image["name"] for image in table.images().values()] == [f"row {n}" for n in range(2_500)]

    @pytest.mark.parametrize("identity", ["always", "by default"])
    def test_a_row_put_back_has_its_old_number(self, make: MakeTable, identity: str) -> None:
        table = make(f"create table t (id int generated {identity} as identity primary key, name text)")
        first = table.one(insert(name="a"))
        assert table.one(delete(first.key)).result is DONE
        assert table.one(insert(first.key, name="a")).key == first.key == "1"
        assert table.one(insert(name="next")).key == "2"

    def test_a_clash_names_the_constraint(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'a', 1)")
        outcomes = table.write(insert("1", name="b"), insert("2", name="c"))
        assert results(outcomes) == [REJECTED, DONE]
        rejected = outcomes[0]
        assert (rejected.key, rejected.sqlstate, rejected.constraint) == ("1", "23505", "t_pkey")
        assert "(id)=(1)" in rejected.reason
        assert table.images()["1"]["name"] == "a"

    def test_a_composite_key_of_which_the_database_makes_one_part(self, make: MakeTable) -> None:
        table = make(
            "create table t (org text, id int generated always as identity, v text, primary key (org, id))",
            key=("org", "id"),
        )
        assert table.one(insert(org="a,b", v="x")).key == '"a,b",1'
        assert table.one(insert("z,7", v="y")).key == "z,7"

    def test_a_table_of_nothing_but_its_key(self, make: MakeTable) -> None:
        table = make("create table t (a int, b int, primary key (a, b))", key=("a", "b"))
        assert [outcome.key for outcome in table.write(insert("1,2"), insert("1,3"))] == ["1,2", "1,3"]
        assert results(table.write(delete("1,2"), delete("9,9"))) == [DONE, MISSING]


class TestRefusals:
    TABLES = """
        create table parent (id int primary key);
        insert into parent values (1), (2);
        create table t (
            id int primary key,
            email text constraint one_owner unique,
            age int constraint grown_up check (age >= 18),
            name varchar(5) not null,
            parent_id int constraint has_parent references parent
        );
        insert into t select n, 'e' || n, 20, 'n', 1 from generate_series(1, 8) n"""

    @pytest.mark.parametrize(
        ("values", "sqlstate", "constraint", "column"),
        [
            ({"email": "24"}, "23505", "one_owner", "email"),
            ({"age": "17"}, "23514", "grown_up", "age"),
            ({"name": None}, "23502", "", "name"),
            ({"name": "too long"}, "22001", "", "name"),
            ({"parent_id": "3"}, "23503", "has_parent", "parent_id"),
            ({"age": "many"}, "22P02", "", "age"),
            ({"age": "99999999999"}, "22003", "", "age"),
        ],
    )
    def test_one_bad_row_does_not_stop_the_others(
        self, make: MakeTable, values: Literals, sqlstate: str, constraint: str, column: str
    ) -> None:
        table = make(self.TABLES)
        writes = [update(str(n), values if n == 5 else {next(iter(values)): f"{n + 20}"}) for n in range(1, 9)]
        if "parent_id" in values:
            writes = [update(str(n), values if n == 5 else {"parent_id": "2"}) for n in range(1, 9)]
        outcomes = table.write(*writes)
        assert results(outcomes) == [DONE] * 4 + [REJECTED] + [DONE] * 3
        rejected = outcomes[4]
        assert (rejected.key, rejected.sqlstate, rejected.constraint) == ("5", sqlstate, constraint)
        assert rejected.column == column
        assert rejected.reason and "\n" not in rejected.reason

    def test_the_whole_row_is_never_told(self, make: MakeTable) -> None:
        table = make(self.TABLES)
        rejected = table.one(update("1", {"age": "3", "name": None, "email": "secret"}))
        assert rejected.result is REJECTED and "secret" not in rejected.reason

    def test_every_row_bad(self, make: MakeTable) -> None:
        table = make(self.TABLES)
        assert results(table.write(*(update(str(n), {"age": "1"}) for n in range(1, 9)))) == [REJECTED] * 8

    def test_deletes_that_others_refer_to(self, make: MakeTable) -> None:
        table = make(self.TABLES, name="parent")
        outcomes = table.write(delete("1"), delete("2"))
        assert results(outcomes) == [REJECTED, DONE]
        assert outcomes[0].constraint == "has_parent"

    def test_a_deferred_constraint_blames_its_row(self, make: MakeTable) -> None:
        table = make(
            "create table t (id int primary key, place int,"
            " constraint place_key unique (place) deferrable initially deferred);"
            " insert into t values (1, 1), (2, 2), (3, 3)"
        )
        outcomes = table.write(update("1", {"place": "3"}), update("2", {"place": "7"}), insert("9", place="7"))
        assert results(outcomes) == [REJECTED, DONE, REJECTED]
        assert outcomes[0].constraint == outcomes[2].constraint == "place_key"

    def test_a_swap_of_deferred_unique_values_in_one_call(self, make: MakeTable) -> None:
        table = make(
            "create table t (id int primary key, place int unique deferrable); insert into t values (1, 1), (2, 2)"
        )
        assert results(table.write(update("1", {"place": "2"}), update("2", {"place": "1"}))) == [DONE, DONE]

    def test_rows_that_refer_to_each_other_in_one_call(self, make: MakeTable) -> None:
        table = make("create table t (id int primary key, up int references t)")
        assert results(table.write(insert("1", up="2"), insert("2", up="1"))) == [DONE, DONE]

    def test_rows_that_refer_to_later_ones_beside_a_bad_one(self, make: MakeTable) -> None:
        table = make("create table t (id int primary key, up int references t)")
        ups = {"1": "2", "2": "3", "3": None, "4": "99", "5": "4", "6": "1"}
        outcomes = table.write(*(insert(key, up=up) for key, up in ups.items()))
        assert results(outcomes) == [DONE, DONE, DONE, REJECTED, REJECTED, DONE]

    def test_what_a_trigger_raises_is_of_its_row(self, make: MakeTable) -> None:
        table = make(
            SIMPLE + "; insert into t values (1, 'a', 1), (2, 'b', 2);"
            " create function f() returns trigger language plpgsql as $$ begin"
            " if new.n = 13 then raise 'not %', new.n using errcode = '42P01'; end if; return new; end $$;"
            " create trigger a before update on t for each row execute function f()"
        )
        outcomes = table.write(update("1", {"n": "13"}), update("2", {"n": "14"}))
        assert results(outcomes) == [REJECTED, DONE]
        assert outcomes[0].reason == "not 13"

    def test_what_our_own_trigger_raises_stops_everything(self, make: MakeTable) -> None:
        table = make(
            SIMPLE + "; insert into t values (1, 'a', 1), (2, 'b', 2); create schema sync_engine;"
            " create function sync_engine.f() returns trigger language plpgsql as"
            " $$ begin insert into sync_engine.gone values (1); return null; end $$;"
            " create trigger a after update on t for each row execute function sync_engine.f()"
        )
        with pytest.raises(NotSetUp):
            table.write(update("1", {"n": "5"}), update("2", {"n": "5"}))

    def test_a_write_that_a_trigger_swallows(self, make: MakeTable) -> None:
        table = make(
            SIMPLE + "; insert into t values (1, 'a', 1), (2, 'b', 2);"
            " create function f() returns trigger language plpgsql as"
            " $$ begin if tg_op = 'DELETE' then new := old; end if;"
            " if new.id = 1 then return null; end if; return new; end $$;"
            " create trigger a before insert or update or delete on t for each row execute function f()"
        )
        assert results(table.write(update("1", {"n": "5"}), update("2", {"n": "5"}))) == [REJECTED, DONE]
        assert results(table.write(delete("1"), delete("2"))) == [REJECTED, DONE]
        assert results(table.write(insert("2"), insert("3"))) == [DONE, DONE]
        table.sql("alter table t disable trigger a; delete from t; alter table t enable trigger a")
        assert results(table.write(insert("1"), insert("2"))) == [REJECTED, DONE]

    def test_an_update_that_changes_nothing_and_is_suppressed_for_it(self, make: MakeTable) -> None:
        table = make(
            SIMPLE + "; insert into t values (1, 'a', 1); create trigger z before update on t"
            " for each row execute function suppress_redundant_updates_trigger()"
        )
        assert table.one(update("1", {"name": "a"}, {"n": "1"})).result is DONE

    def test_no_permission_stops_everything(self, make: MakeTable) -> None:
        table = make(
            SIMPLE
            + "; insert into t values (1, 'a', 1); create role r_nobody login; grant select on t to r_nobody"
        )
        try:
            table.url = table.url.replace("postgres@", "r_nobody@", 1)
            with pytest.raises(DatabaseError) as raised:
                table.one(update("1", {"n": "5"}))
            assert raised.value.sqlstate == "42501" and "grant" in raised.value.hint
        finally:
            table.url = table.url.replace("r_nobody@", "postgres@", 1)
            table.sql("drop owned by r_nobody; drop role r_nobody")

    def test_the_transaction_stays_usable(self, make: MakeTable) -> None:
        table = make(self.TABLES)
        with opened(table.url) as database, database.transaction() as unit:
            unit.rows.write(table.mapping, [update("1", {"age": "1"}), update("2", {"age": "50"})])
            assert unit.rows.fetch(table.mapping, ["2"])["2"]["age"] == 50
        assert table.images()["2"]["age"] == 50


class TestNamesAndKinds:
    HOSTILE = """
        create schema "we'ird ""schema";
        create type "we'ird ""schema"."Mood & co" as enum ('so so', 'R&D', 'with,comma', 'it''s 50%');
        create table "we'ird ""schema"."SELECT" (
            "We""ird" uuid primary key default gen_random_uuid(), "select" text, "CamelCase" int, "100%s" text,
            "$1" "we'ird ""schema"."Mood & co", "moods" "we'ird ""schema"."Mood & co"[], ":x" text, "a.b" text,
            "i" int, "v" text, "k0" text)"""

    @pytest.mark.every_postgres
    def test_hostile_names(self, make: MakeTable) -> None:
        table = make(self.HOSTILE, name="SELECT", key=['We"ird'], schema="we'ird \"schema")
        values = {
            "select": "%s",
            "CamelCase": "1",
            "100%s": "$1",
            "$1": "it's 50%",
            "moods": '{"R&D","with,comma",NULL}',
            ":x": ":y",
            "a.b": "",
            "i": "3",
            "v": "v",
            "k0": "k0",
        }
        made = table.one(RowWrite(RowOp.INSERT, "", values, {}))
        assert made.result is DONE, made.reason
        assert made.image and made.image["$1"] == "it's 50%"
        changed = table.one(update(made.key, {**values, "$1": "so so", "i": "4"}, values))
        assert changed.result is DONE, changed.reason
        assert table.one(update(made.key, {"i": "5"}, values)).result is CHANGED
        wrong = table.one(update(made.key, {"$1": "unknown"}))
        assert (wrong.result, wrong.sqlstate) == (REJECTED, "22P02")
        assert table.one(delete(made.key, {"moods": '{R&D,"with,comma",NULL}', "$1": "so so"})).result is DONE

    KINDS = """
        create extension if not exists citext;
        create domain short as varchar(4) check (value <> 'bad');
        create domain shorter as short;
        create domain sure as int not null default 1;
        create type pair as (a int, b json);
        create table t (
            id int primary key,
            texts text[], ints int[], grid int[], jb jsonb, j json, js json[],
            money numeric(10,6), any_number numeric, f4 float4, f8 float8,
            at timestamptz, ats timestamptz[], d date, tm time, iv interval, b bytea, ip inet,
            c char(4), vc varchar(4), vcs varchar(4)[], bits bit(3), r int4range, p point, ci citext,
            sh shorter, su sure, pr pair, prs pair[], flag boolean, u uuid, ts tsvector)"""

    SAME = (
        ("texts", '{"a,b","c\\"d","e\\\\f",NULL,"NULL",""," g ","{h}","é👋"}'),
        ("texts", "{}"),
        ("ints", "{1,NULL,-3}"),
        ("grid", "{{1,2},{3,4}}"),
        ("jb", '{"b": [1, null, "\\u00e9"], "a": 1.10}'),
        ("jb", "null"),
        ("jb", '"text"'),
        ("j", '{"b": 1, "a": {"c": [true]}}'),
        ("js", '{"{\\"a\\": 1}",NULL}'),
        ("money", "1234.567890"),
        ("any_number", "1234567890123456789012345678901234567890.000000000000000000000000000001"),
        ("any_number", "NaN"),
        ("f4", "0.1"),
        ("f8", "0.1"),
        ("f8", "1e300"),
        ("f8", "NaN"),
        ("f8", "-Infinity"),
        ("at", "2026-03-04T05:06:07.890123+00:00"),
        ("at", "infinity"),
        ("at", "-infinity"),
        ("ats", '{"2026-03-04 05:06:07.890123+02",NULL}'),
        ("d", "2026-02-28"),
        ("d", "infinity"),
        ("tm", "24:00:00"),
        ("iv", "1 mon 2 days 03:04:05.678901"),
        ("b", "\\xdeadbeef00"),
        ("ip", "10.0.0.0/8"),
        ("c", "ab"),
        ("vc", "abcd"),
        ("vcs", '{abcd,"a,b"}'),
        ("bits", "101"),
        ("r", "[1,5)"),
        ("p", "(1.5,2)"),
        ("ci", "CaSe"),
        ("sh", "abcd"),
        ("su", "3"),
        ("pr", '(1,"{""a"": 1}")'),
        ("prs", '{"(1,\\"{\\"\\"a\\"\\": 1}\\")"}'),
        ("flag", "true"),
        ("u", "6f2b1c9e-0000-4000-8000-00000000abcd"),
        ("ts", "'a':1 'b':2"),
    )

    def test_every_kind_compares_equal_to_its_own_literal(self, make: MakeTable) -> None:
        table = make(self.KINDS + "; insert into t (id) values (1)")
        for column, literal in self.SAME:
            stored = table.one(update("1", {column: literal}))
            assert stored.result is DONE, (column, literal, stored.reason)
            kept = table.one(update("1", {column: literal}, {column: literal}))
            assert kept.result is DONE, (column, literal)
            if column != "su":
                assert table.one(update("1", {column: None}, {column: literal})).result is DONE, (column, literal)
                assert table.one(update("1", {}, {column: None})).result is DONE, column
                assert table.one(update("1", {}, {column: literal})).result is CHANGED, column

    @pytest.mark.parametrize(
        ("column", "literal", "image"),
        [
            ("money", "1.5", "1.500000"),
            (
                "any_number",
                "12345678901234567890.12345678901234567890",
                "12345678901234567890.12345678901234567890",
            ),
            ("any_number", "NaN", "NaN"),
            ("f4", "0.1", "0.1"),
            ("f8", "1e300", "1e+300"),
            ("jb", '{"b":1.10,"a":null}', '{"a": null, "b": 1.10}'),
            ("jb", "null", "null"),
            ("j", '{"b":1,  "a":1}', '{"b":1,  "a":1}'),
            ("js", '{"{}",NULL}', '{"{}",NULL}'),
            ("pr", '(1,"{""a"": 1}")', '(1,"{""a"": 1}")'),
            ("prs", '{"(1,)"}', '{"(1,)"}'),
            ("texts", '{"a,b",NULL,"\\"q\\""}', ["a,b", None, '"q"']),
            ("grid", "{{1,2},{3,4}}", [[1, 2], [3, 4]]),
            ("at", "2026-03-04T05:06:07.89012+02", "2026-03-04T03:06:07.89012+00:00"),
            ("at", "infinity", "infinity"),
            ("ats", "{2026-03-04 05:06:07+00}", ["2026-03-04T05:06:07+00:00"]),
            ("iv", "90 min", "01:30:00"),
            ("b", "\\xdead", "\\xdead"),
            ("r", "[1,5]", "[1,6)"),
            ("sh", "abcd", "abcd"),
            ("flag", "yes", True),
            ("c", "ab", "ab  "),
            ("texts", None, None),
            ("jb", None, None),
        ],
    )
    def test_images(self, make: MakeTable, column: str, literal: str | None, image: Json) -> None:
        table = make(self.KINDS + "; insert into t (id) values (1)")
        written = table.one(update("1", {column: literal}))
        assert written.image and written.image[column] == image
        assert table.images()["1"] == written.image

    def test_a_table_of_many_columns(self, make: MakeTable) -> None:
        columns = ", ".join(f"c{n} int default {n}" for n in range(200))
        made = make(f"create table t (id int primary key, {columns})").one(insert("1"))
        assert made.image == {"id": 1, **{f"c{n}": n for n in range(200)}}

    @pytest.mark.parametrize(
        ("column", "stored", "expected", "result"),
        [
            ("jb", '{"a": 1.10, "b": 2}', '{"b":2,"a":1.1}', DONE),
            ("j", '{"a": 1,  "b": 2}', '{"b":2,"a":1}', DONE),
            ("money", "1.500000", "1.5", DONE),
            ("at", "2026-03-04T05:06:07+02:00", "2026-03-04T03:06:07Z", DONE),
            ("at", "2026-03-04T05:06:07.000001Z", "2026-03-04T05:06:07Z", CHANGED),
            ("ci", "case", "CASE", CHANGED),
            ("p", "(1,2)", "(1,2.0000000001)", CHANGED),
            ("texts", "{a,NULL}", '{a,"NULL"}', CHANGED),
        ],
    )
    def test_what_counts_as_the_same(
        self, make: MakeTable, column: str, stored: str, expected: str, result: RowResult
    ) -> None:
        table = make(self.KINDS + "; insert into t (id) values (1)")
        assert table.one(update("1", {column: stored})).result is DONE
        assert table.one(update("1", {"flag": "true"}, {column: expected})).result is result

    @pytest.mark.every_postgres
    def test_a_collation_that_ignores_case(self, make: MakeTable) -> None:
        table = make(SIMPLE + "; insert into t values (1, 'case', 1)")
        if not table.sql("select 1 from pg_collation where collprovider = 'i' and collversion <> ''"):
            pytest.skip("this server was built without ICU")
        table.sql(
            "create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
            " alter table t alter name type text collate blind"
        )
        outcomes = table.write(
            update("1", {"n": "2"}, {"name": "CASE"}), update("1", {"n": "3"}, {"name": "case"})
        )
        assert results(outcomes) == [CHANGED, DONE]

    @pytest.mark.parametrize(
        ("column", "literal"),
        [("vc", "abcde"), ("c", "abcde"), ("vcs", "{abcde}"), ("bits", "1011"), ("sh", "abcde"), ("sh", "bad")],
    )
    def test_nothing_is_cut_silently(self, make: MakeTable, column: str, literal: str) -> None:
        table = make(self.KINDS + "; insert into t (id) values (1)")
        assert table.one(update("1", {column: literal})).result is REJECTED
        assert table.one(insert("2", **{column: literal})).result is REJECTED

    def test_a_character_that_postgres_cannot_hold(self, make: MakeTable) -> None:
        table = make(SIMPLE)
        outcomes = table.write(
            insert("1", name="a\x00b"), insert("2", name="ok"), insert("3", name="half \ud800 a pair")
        )
        assert results(outcomes) == [REJECTED, DONE, REJECTED]
        assert outcomes[0].sqlstate == "22P05" and outcomes[2].reason

    def test_triggers_and_generated_columns_show_in_the_image(self, make: MakeTable) -> None:
        table = make(
            "create table t (id int primary key, name text, slug text generated always as (lower(name)) stored,"
            " updated_at timestamptz); create function f() returns trigger language plpgsql as"
            " $$ begin new.updated_at := '2026-01-01'; new.name := trim(new.name); return new; end $$;"
            " create trigger b before insert or update on t for each row execute function f()"
        )
        made = table.one(insert("1", name=" Ada "))
        expected = {"id": 1, "name": "Ada", "slug": "ada", "updated_at": "2026-01-01T00:00:00+00:00"}
        assert made.image == expected
        assert table.one(update("1", {"name": "Bob "}, {"slug": "ada"})).image == {
            **expected,
            "name": "Bob",
            "slug": "bob",
        }
        assert table.one(update("1", {"slug": "x"})).result is REJECTED

    @pytest.mark.every_postgres
    def test_partitions(self, make: MakeTable) -> None:
        table = make(
            "create table t (region text, id int, v text, primary key (region, id)) partition by list (region);"
            " create table t_a partition of t for values in ('a');"
            " create table t_b partition of t for values in ('b')",
            key=("region", "id"),
        )
        assert results(table.write(insert("a,1", v="x"), insert("b,2", v="y"), insert("c,3"))) == [
            DONE,
            DONE,
            REJECTED,
        ]
        moved = table.one(update("a,1", {"region": "b"}, {"v": "x"}))
        assert (moved.result, moved.key) == (DONE, "b,1")
        assert list(table.images()) == ["b,1", "b,2"]
        assert results(table.write(delete("b,1", {"v": "x"}), delete("a,1"))) == [DONE, MISSING]

    def test_quoted_function_of_the_users_own_search_path(self, make: MakeTable) -> None:
        table = make(
            "create schema app; create function app.f() returns trigger language plpgsql as"
            " $$ begin new.name := shout(new.name); return new; end $$;"
            " create function app.shout(text) returns text language sql as 'select upper($1)';"
            + SIMPLE
            + "; create trigger b before insert on t for each row execute function app.f();"
            " do $$ begin execute"
            " format('alter database %I set search_path = app, public', current_database()); end $$"
        )
        assert table.one(insert("1", name="ada")).image == {"id": 1, "name": "ADA", "n": None}


class TestMany:
    def test_ten_thousand_rows_with_some_bad_and_some_changed(self, make: MakeTable) -> None:
        table = make(
            "create table t (id int primary key, name text not null, n int check (n > 0));"
            " insert into t select n, 'row ' || n, n from generate_series(1, 10000) n"
        )
        table.sql("update t set n = 7 where id = 77; delete from t where id = 78")
        writes = [update(str(n), {"n": "0" if n == 4320 else str(n + 1)}, {"n": str(n)}) for n in range(1, 10_001)]
        outcomes = table.write(*writes)
        odd = {outcome.key: outcome.result for outcome in outcomes if outcome.result is not DONE}
        assert odd == {"77": CHANGED, "78": MISSING, "4320": REJECTED}
        assert [outcome.key for outcome in outcomes] == [str(n) for n in range(1, 10_001)]
        assert table.sql("select count(*) from t where n = id + 1") == [(9_997,)]
