"""A decision about a conflict is made under the lock, as a whole: it stands, or nothing happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sync_engine.domain.values import JsonObject
from sync_engine.engine.review import conflicts
from sync_engine.engine.review.conflicts import conflict_list, conflict_show, resolve, swap
from sync_engine.engine.undo import force
from sync_engine.errors import LockHeld, SyncEngineError
from tests.support.looping import stored_runs
from tests.support.world import World, shown, text


def _collide(world: World, policy: str) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + f'[tables.fields.prompt]\nconflict = "{policy}"\n')
    world.reopen()
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'from postgres'")
    world.edit(world.page("agents", "A")["id"], Prompt=text("from notion"))
    world.sync()


@pytest.fixture
def disputed(world: World) -> World:
    """One agent whose prompt was edited on both sides, and waits for a person."""
    _collide(world, "manual")
    return world


@pytest.fixture
def decided(world: World) -> World:
    """The same, and the policy let Postgres win."""
    _collide(world, "postgres")
    return world


def _conflict(world: World) -> tuple[int, JsonObject]:
    [found] = conflict_list(world.app.context, "all")
    return int(str(found["id"])), conflict_show(world.app.context, int(str(found["id"])))


def _both(world: World) -> tuple[str, str]:
    [(row,)] = world.sql("SELECT prompt FROM agents")
    return row, shown(world.page("agents", "A"), "Prompt")


DECISIONS: list[Callable[[World, int], object]] = [
    lambda world, number: resolve(world.app.context, number, keep="notion"),
    lambda world, number: resolve(world.app.context, number, keep="postgres"),
    lambda world, number: resolve(world.app.context, number, keep=None, value="third"),
]


@pytest.mark.parametrize("decide", DECISIONS)
def test_nothing_is_decided_while_another_process_holds_the_lock(
    disputed: World, decide: Callable[[World, int], object]
) -> None:
    number, before = _conflict(disputed)
    with disputed.app.database.lock(), pytest.raises(LockHeld):
        decide(disputed, number)
    assert _conflict(disputed) == (number, before)
    disputed.sync()
    assert _both(disputed) == ("from postgres", "from notion")


def test_a_second_decision_in_the_middle_of_the_first_is_turned_away(
    disputed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = _conflict(disputed)
    carry = force.push
    refused: list[str] = []

    def meanwhile(*given: Any) -> int:
        """Between the row's commit and the page's write."""
        with pytest.raises(LockHeld) as raised:
            resolve(disputed.app.context, number, keep="notion")
        refused.append(str(raised.value))
        return carry(*given)

    monkeypatch.setattr(conflicts, "push", meanwhile)
    resolve(disputed.app.context, number, keep="postgres")
    assert refused
    assert _both(disputed) == ("from postgres", "from postgres")
    assert _conflict(disputed)[1]["winner"] == "postgres"
    disputed.assert_in_sync()


@pytest.mark.parametrize("keep", ["postgres", "notion"])
def test_a_decision_cut_short_before_the_page_is_completed_by_the_next_pass(
    disputed: World, monkeypatch: pytest.MonkeyPatch, keep: conflicts.Keep
) -> None:
    def killed(*_: Any) -> int:
        raise SystemExit

    number, _ = _conflict(disputed)
    with monkeypatch.context() as patched:
        patched.setattr(conflicts, "push", killed)
        with pytest.raises(SystemExit):
            resolve(disputed.app.context, number, keep=keep)
    assert _conflict(disputed)[1]["status"] == "resolved"
    disputed.sync()
    assert _both(disputed) == (f"from {keep}", f"from {keep}")
    disputed.assert_in_sync()


def test_a_value_that_postgres_refuses_leaves_the_conflict_open(disputed: World) -> None:
    disputed.sql("ALTER TABLE agents ADD CONSTRAINT short CHECK (length(prompt) < 20)")
    disputed.restart()
    number, before = _conflict(disputed)
    with pytest.raises(SyncEngineError, match="short"):
        resolve(disputed.app.context, number, keep=None, value="much longer than twenty")
    assert _conflict(disputed) == (number, before)


@pytest.mark.parametrize("side", ["postgres", "notion"])
def test_an_edit_that_the_person_has_not_seen_is_not_decided_away(disputed: World, side: str) -> None:
    number, _ = _conflict(disputed)
    if side == "notion":
        disputed.edit(disputed.page("agents", "A")["id"], Prompt=text("newer"))
    else:
        disputed.sql("UPDATE agents SET prompt = 'newer'")
    with pytest.raises(SyncEngineError, match="edited again"):
        resolve(disputed.app.context, number, keep="postgres" if side == "notion" else "notion")
    disputed.sync()
    assert "newer" in _both(disputed)
    resolve(disputed.app.context, number, keep="postgres" if side == "notion" else "notion")
    disputed.assert_in_sync()


def test_the_other_side_of_a_decided_conflict_is_not_kept_over_a_later_edit(decided: World) -> None:
    number, _ = _conflict(decided)
    decided.sql("UPDATE agents SET prompt = 'later'")
    with pytest.raises(SyncEngineError, match="edited after"):
        resolve(decided.app.context, number, keep="notion")
    decided.sync()
    assert _both(decided) == ("later", "later")


def test_the_other_side_of_a_decided_conflict_can_be_kept(decided: World) -> None:
    number, _ = _conflict(decided)
    assert _both(decided) == ("from postgres", "from postgres")
    resolve(decided.app.context, number, keep="notion")
    assert _both(decided) == ("from notion", "from notion")
    decided.assert_in_sync()


def test_what_was_swapped_says_by_whom_and_why_this_side_won(decided: World) -> None:
    number, before = _conflict(decided)
    once = swap(decided.app.context, number, who="Mei")
    assert (once["status"], once["winner"], once["resolved_by"]) == ("swapped", "notion", "Mei")
    assert once["reason"] == f"Mei put notion's value on both sides; before: {before['reason']}"
    twice = swap(decided.app.context, number, who="Ada")
    assert twice["reason"] == f"Ada put postgres's value on both sides; before: {before['reason']}"


def test_what_was_resolved_says_by_whom(disputed: World) -> None:
    number, before = _conflict(disputed)
    done = resolve(disputed.app.context, number, keep=None, value="third", who="Mei")
    assert (done["winner"], done["resolved_by"]) == ("value", "Mei")
    assert done["reason"] == f"Mei put another value on both sides; before: {before['reason']}"
    assert _both(disputed) == ("third", "third")


def _did(world: World) -> Sequence[Any]:
    [last] = world.sql(
        "SELECT kind, status, summary -> 'applied' FROM sync_engine.sync_runs ORDER BY started_at DESC LIMIT 1"
    )
    return last


def test_the_run_of_a_decision_tells_what_it_wrote(decided: World) -> None:
    swap(decided.app.context, _conflict(decided)[0])
    kind, status, applied = _did(decided)
    assert (kind, status) == ("swap", "done")
    assert (applied["postgres"]["update"], applied["notion"]["update"]) == (1, 1)


def test_the_run_of_a_decision_that_failed_says_so(disputed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    disputed.sandbox.fail_next("PATCH", "/v1/pages/", "unauthorized", times=100)
    with pytest.raises(SyncEngineError):
        resolve(disputed.app.context, _conflict(disputed)[0], keep="postgres")
    assert stored_runs(disputed)[-1] == ("resolve", "failed")
    disputed.sandbox.faults.clear()
    disputed.sync()
    assert _both(disputed) == ("from postgres", "from postgres")
