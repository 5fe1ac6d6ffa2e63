"""Random edits on both sides, with passes, kills, outages and races in between; after quiet the promises hold.

A Hypothesis state machine over a whole installation: a real Postgres, the local Notion over HTTP, the engine in
this process. Each step is an edit by SQL or HTTP, a pass (whole, one direction, one table, limited, dry), a pass
that meets an outage, dies at one of its port calls or is disturbed by people there, a swap, a decision, a mark, or
a rollback, which may die too. Then nobody edits any more, and `tests/support/stateful/promises.py` says what must
hold after at most two passes.

CI runs the same examples each time. A soak runs new ones, as many as it is told to:

    make soak                # 1,000 examples, about 25,000 steps
    make soak SOAK=100       # a tenth of it
    make soak SHRINK=0       # the story of a failure comes at once, and is long

A failure prints the story of the shortest example that was found, every statement and request, and then records,
holds and pages as they are: enough to write the plain test that belongs into `tests/regressions`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sync_engine.engine.passes import send
from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.conflicts import conflict_list, resolve, swap
from sync_engine.engine.review.discard import discard_held
from sync_engine.engine.review.holding import held_list, retry_held
from sync_engine.engine.summary import PassSummary
from sync_engine.engine.undo.marks import create_mark
from sync_engine.engine.undo.rollback import Selection, rollback
from sync_engine.errors import NotionError, SyncEngineError
from sync_engine.sandbox import Sandbox
from tests.support.postgres import EMBEDDED, TestServer
from tests.support.stateful.installation import TEMPLATE_IDS, Installations
from tests.support.stateful.mortal import Alarm, Fuse, Killed, watched
from tests.support.stateful.people import People
from tests.support.stateful.promises import broken_promises, described, wrong_rows
from tests.support.stateful.schema import CELLS, POLICIES, TABLES, VARIANTS, Cell
from tests.support.stateful.values import FLAVOURS
from tests.support.world import World

EXAMPLES = int(os.environ.get("SOAK", "30"))
STEPS = 90
PHASES = [phase for phase in Phase if phase is not Phase.shrink or os.environ.get("SHRINK") != "0"]

picks = st.integers(0, 11)
flavours = st.integers(0, FLAVOURS - 1)
tables = st.sampled_from(TABLES)
cells = st.sampled_from(CELLS)
edits = st.lists(st.tuples(cells, flavours, picks), max_size=4)
faults = st.sampled_from(
    (
        "drop_after",
        "gateway_timeout_after_commit",
        "unavailable_after_commit",
        "drop_before",
        "bad_gateway",
        "conflict",
    )
)
calls = st.sampled_from((("POST", r"/v1/pages$"), ("PATCH", r"/v1/pages/"), ("POST", r"/query$"), ("*", "")))


class Installation(RuleBasedStateMachine):
    """People, applications and an engine with two sides between them."""

    installations: ClassVar[Installations]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.world: World = self.resources.enter_context(self.installations.fresh())
        self.people = People(self.world)
        self.keys_to_insert: list[str] = []
        self.runs: list[str] = []
        self.marks: list[str] = []
        self.engine_worked = False

    @initialize(variant=st.sampled_from(VARIANTS), policies=st.sampled_from(POLICIES))
    def people_work_already(self, variant: str, policies: str) -> None:
        self.people.choose(variant, policies)
        self.world.sql("INSERT INTO teams (name) VALUES ('One'), ('Two')")
        self.world.sql(
            "INSERT INTO items (name, note, team_id)"
            " SELECT 'Item ' || i, 'first', (SELECT id FROM teams WHERE name = 'One') FROM generate_series(1, 4) i"
        )
        self.world.sql("INSERT INTO lines (label, item_id) SELECT 'Line of ' || name, id FROM items WHERE id < 3")
        self._sync()

    # --- rows

    @rule(cell=cells, pick=picks, flavour=flavours)
    def update_a_row(self, cell: Cell, pick: int, flavour: int) -> None:
        if statement := self.people.update(cell, pick, flavour):
            self.people.run([statement])

    @rule(changes=st.lists(st.tuples(cells, picks, flavours), min_size=2, max_size=5), rolled_back=st.booleans())
    def update_rows_in_one_transaction(self, changes: list[tuple[Cell, int, int]], rolled_back: bool) -> None:
        statements = [found for change in changes if (found := self.people.update(*change))]
        if statements:
            self.people.run(statements, rolled_back=rolled_back)

    @rule(table=tables, values=edits)
    def insert_a_row(self, table: str, values: list[tuple[Cell, int, int]]) -> None:
        self.people.run([self.people.insert(table, values)])

    @rule(table=tables, pick=picks)
    def delete_a_row(self, table: str, pick: int) -> None:
        self.people.delete(table, pick)

    @rule(pick=picks, later=st.booleans())
    def delete_and_insert_the_same_key(self, pick: int, later: bool) -> None:
        key = self.people.reinsert(pick, passes_between=later)
        self.keys_to_insert += [key] if key else []

    @precondition(lambda self: self.keys_to_insert)
    @rule()
    def insert_the_deleted_key(self) -> None:
        self.people.insert_key(self.keys_to_insert.pop(0))

    @rule(table=tables, pick=picks, other=st.integers(1, 4))
    def change_a_primary_key(self, table: str, pick: int, other: int) -> None:
        self.people.rekey(table, pick, other)

    @rule(one=picks, two=picks)
    def swap_a_unique_value(self, one: int, two: int) -> None:
        self.people.swap_names(one, two)

    @rule()
    def truncate_the_lines(self) -> None:
        self.people.told("TRUNCATE lines")
        self.world.sql("TRUNCATE lines")

    @rule(pick=picks)
    def update_what_is_not_synced(self, pick: int) -> None:
        if key := self.people.key("items", pick):
            self.people.told(f"unseen column of {key}")
            self.world.sql("UPDATE items SET unseen = unseen || 'x' WHERE id = %s", key)

    # --- pages

    @rule(cell=cells, pick=picks, flavour=flavours)
    def edit_a_page(self, cell: Cell, pick: int, flavour: int) -> None:
        self.people.edit(cell, pick, flavour)

    @rule(table=tables, values=edits)
    def make_a_page(self, table: str, values: list[tuple[Cell, int, int]]) -> None:
        self.people.create(table, values)

    @rule(table=tables, values=edits, pick=picks)
    def make_a_page_for_a_row(self, table: str, values: list[tuple[Cell, int, int]], pick: int) -> None:
        self.people.create(table, values, self.people.key(table, pick) or "")

    @rule(table=tables, pick=picks)
    def trash_a_page(self, table: str, pick: int) -> None:
        self.people.trash(table, pick)

    @rule(table=tables, pick=picks)
    def restore_a_page(self, table: str, pick: int) -> None:
        self.people.restore(table, pick)

    @rule(table=tables, pick=picks)
    def duplicate_a_page(self, table: str, pick: int) -> None:
        self.people.duplicate(table, pick)

    @rule(table=tables, pick=picks, other=picks, how=picks)
    def edit_a_key(self, table: str, pick: int, other: int, how: int) -> None:
        self.people.edit_key(table, pick, other, how)

    @rule(cell=cells, pick=picks, both=st.tuples(flavours, flavours))
    def edit_one_field_on_both_sides(self, cell: Cell, pick: int, both: tuple[int, int]) -> None:
        self.people.same_field(cell, pick, both)

    @rule(seconds=st.sampled_from((5, 61, 200)))
    def time_passes(self, seconds: int) -> None:
        self.people.told(f"Notion's clock: {seconds} seconds on")
        self.installations.advance(seconds)

    # --- the engine

    @rule(full=st.booleans())
    def a_pass(self, full: bool) -> None:
        self._sync(full=full)

    @rule(
        direction=st.sampled_from(("both", "to-notion", "from-notion")),
        only=st.sampled_from(((), ("items",), ("teams", "items"), ("lines",))),
        limit=st.sampled_from((None, 0, 1, 2)),
        full=st.booleans(),
    )
    def a_pass_with_options(
        self,
        direction: Literal["both", "to-notion", "from-notion"],
        only: tuple[str, ...],
        limit: int | None,
        full: bool,
    ) -> None:
        self._sync(direction=direction, tables=only, limit=limit, full=full)

    @rule(call=calls, fault=faults, times=st.integers(1, 7), skip=st.integers(0, 6))
    def a_pass_with_an_outage(self, call: tuple[str, str], fault: str, times: int, skip: int) -> None:
        self.people.told(f"fault {fault} at {call}, {times} times after {skip}")
        self.world.sandbox.fail_next(*call, fault, times=times, skip=skip)
        self._sync()
        self.world.sandbox.faults.clear()

    @rule(full=st.booleans())
    def a_dry_run(self, full: bool) -> None:
        before = self._stored()
        self.people.told("dry run")
        self.world.sandbox.clear_requests()
        self.world.sync(dry_run=True, full=full)
        assert self._stored() == before
        assert {item.method for item in self.world.sandbox.requests} <= {"GET", "POST"}
        assert all(item.path != "/v1/pages" for item in self.world.sandbox.requests)

    @rule(calls=st.integers(0, 60), full=st.booleans())
    def a_pass_that_is_killed(self, calls: int, full: bool) -> None:
        self.people.told(f"pass killed at call {calls}, full={full}")
        self.engine_worked = True
        try:
            sync(watched(self.world.app.context, Fuse(calls)), SyncOptions(full=full))
        except Killed:
            self.people.told("  killed")

    @rule(call=st.integers(0, 40), change=st.tuples(cells, picks, flavours), page=st.booleans())
    def a_pass_disturbed_by_an_edit(self, call: int, change: tuple[Cell, int, int], page: bool) -> None:
        cell, pick, flavour = change

        def disturb() -> None:
            if page:
                self.people.edit(cell, pick, flavour)
            elif statement := self.people.update(cell, pick, flavour):
                self.people.run([statement])

        self.people.told(f"pass disturbed at call {call}")
        self.engine_worked = True
        sync(watched(self.world.app.context, Alarm(call, disturb)), SyncOptions())

    @rule(pick=picks, force=st.booleans())
    def swap_a_conflict(self, pick: int, force: bool) -> None:
        conflicts = conflict_list(self.world.app.context, "auto")
        if conflicts:
            chosen = int(str(conflicts[pick % len(conflicts)]["id"]))
            self._decided(
                f"swap {chosen} force={force}", lambda: swap(self.world.app.context, chosen, force=force)
            )

    @rule(pick=picks, keep=st.sampled_from(("postgres", "notion", "both-merged")), decided=st.booleans())
    def resolve_a_conflict(
        self, pick: int, keep: Literal["postgres", "notion", "both-merged"], decided: bool
    ) -> None:
        conflicts = conflict_list(self.world.app.context, "auto" if decided else "open")
        if conflicts:
            chosen = int(str(conflicts[pick % len(conflicts)]["id"]))
            self._decided(f"resolve {chosen} {keep}", lambda: resolve(self.world.app.context, chosen, keep=keep))

    @rule()
    def retry_what_is_held(self) -> None:
        held = [int(str(item["id"])) for item in held_list(self.world.app.context)]
        self.people.told(f"retry {held}")
        retry_held(self.world.app.context, held)

    @rule(pick=picks)
    def discard_what_is_held(self, pick: int) -> None:
        held = [int(str(item["id"])) for item in held_list(self.world.app.context)]
        if held:
            chosen = held[pick % len(held)]
            self.people.memory.taken_back = True
            self._decided(f"discard {chosen}", lambda: discard_held(self.world.app.context, chosen))

    @rule()
    def mark(self) -> None:
        name = f"mark {len(self.marks)}"
        self.people.told(name)
        create_mark(self.world.app.context, name)
        self.marks.append(name)

    @precondition(lambda self: self.runs)
    @rule(pick=picks, force=st.booleans())
    def roll_a_run_back(self, pick: int, force: bool) -> None:
        self._roll_back(Selection(run=self.runs[-1 - pick % len(self.runs)]), force)

    @precondition(lambda self: self.runs)
    @rule(pick=picks, calls=st.integers(0, 60))
    def a_rollback_that_is_killed(self, pick: int, calls: int) -> None:
        self.people.memory.taken_back = True
        selection = Selection(run=self.runs[-1 - pick % len(self.runs)])
        self.people.told(f"rollback killed at call {calls}: {selection}")
        self.engine_worked = True
        try:
            rollback(watched(self.world.app.context, Fuse(calls)), selection)
        except Killed:
            self.people.told("  killed")

    @precondition(lambda self: self.marks)
    @rule(pick=picks, force=st.booleans())
    def roll_back_to_a_mark(self, pick: int, force: bool) -> None:
        self._roll_back(Selection(to=self.marks[pick % len(self.marks)]), force)

    @invariant()
    def rows_are_known(self) -> None:
        Installation.steps += 1
        wrong = wrong_rows(self.world) if self.engine_worked else []
        self.engine_worked = False
        if wrong:
            self.people.story += ["wrong rows", *wrong, *described(self.world)]
        assert not wrong, "\n".join(wrong)

    def teardown(self) -> None:
        try:
            self._quiet()
        finally:
            note("\n".join(self.people.story))
            self.resources.close()

    # ---

    def _sync(self, **options: Any) -> PassSummary | None:
        self.people.told(f"sync {options}")
        self.engine_worked = True
        try:
            done = self.world.sync(**options)
        except NotionError as error:
            self.people.told(f"  {type(error).__name__}: {error}")
            return None
        self.runs.append(done.run_id)
        self.people.told(f"  {done.total.to_json()}")
        return done

    def _decided(self, what: str, act: Callable[[], object]) -> None:
        self.people.told(what)
        self.engine_worked = True
        try:
            act()
        except SyncEngineError as error:
            self.people.told(f"  {type(error).__name__}: {error}")

    def _stored(self) -> list[tuple[Any, ...]]:
        return self.world.sql(
            """SELECT (SELECT count(*) FROM sync_engine.sync_events),
                      (SELECT count(*) FROM sync_engine.sync_conflicts),
                      (SELECT count(*) FROM sync_engine.sync_changes),
                      (SELECT count(*) FROM sync_engine.sync_held),
                      (SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM sync_engine.sync_records r)"""
        )

    def _roll_back(self, selection: Selection, force: bool) -> None:
        self.people.told(f"rollback {selection} force={force}")
        self.engine_worked = True
        self.people.memory.taken_back = True
        done = rollback(self.world.app.context, selection, force=force)
        self.people.told(f"  undone {done.undone}, blocked {done.blocked}, {dict(done.failed)}")
        self.runs.append(done.rollback_id)

    def _quiet(self) -> None:
        """Nobody edits any more: two passes (G3), then all promises, then a pass that has nothing to do."""
        self.people.told("quiet")
        self._sync(full=True)
        self._sync(full=True)
        broken = broken_promises(self.world, self.people.memory)
        if broken:
            self.people.story += described(self.world)
        assert not broken, "\n".join(broken)
        last = self._sync(full=True)
        assert last is not None and last.quiet, last and last.to_json()
        assert sum(last.total.applied.values()) == 0, last.to_json()
        assert (last.total.conflicts_new, last.total.held_new) == (0, 0), last.to_json()


@pytest.fixture(scope="module")
def installations(
    postgres_servers: Callable[[str], TestServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installations]:
    """All requests in one order: an example that failed fails again, and can be made shorter."""
    patched = pytest.MonkeyPatch()
    patched.setattr(send, "WORKERS", 1)
    server = postgres_servers(EMBEDDED)
    with Sandbox.start(port=0, requests_per_minute=None, id_seed=TEMPLATE_IDS) as sandbox:
        made = Installations(server, sandbox, Path(tmp_path_factory.mktemp("stateful")))
        yield made
        made.close()
    patched.undo()


@pytest.mark.timeout(0)
def test_G3_G6_after_any_history_both_sides_are_equal_and_no_value_is_lost(installations: Installations) -> None:
    Installation.installations = installations
    run_state_machine_as_test(
        Installation,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="SOAK" not in os.environ,
            database=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{Installation.steps} steps")
