"""What a conflict record tells: which version of the rules decided, how often; and how long it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from sync_engine.engine.inquiry.audit import AuditQuery, log
from sync_engine.engine.review.conflicts import conflict_list, conflict_show, resolve
from tests.support.looping import Stage
from tests.support.world import World, text

MANUAL = '[tables.fields.prompt]\nconflict = "manual"\n'


@pytest.fixture
def agent(world: World) -> World:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    return world


def clash(world: World, number: int) -> dict[str, Any]:
    """Both sides edit the prompt; the newest conflict, in full."""
    world.edit(world.page("agents", "A")["id"], Prompt=text(f"typed {number}"))
    world.sql("UPDATE agents SET prompt = %s", f"stored {number}")
    world.sync()
    newest = conflict_list(world.app.context, "all")[-1]
    return dict(conflict_show(world.app.context, int(str(newest["id"]))))


def configure(world: World, more: str) -> None:
    config = world.folder / "sync.toml"
    config.write_text(config.read_text() + more)
    world.reopen()


def age(world: World, days: int) -> None:
    """All conflicts so far happened that long ago."""
    world.sql(
        """UPDATE sync_engine.sync_conflicts SET detected_at = detected_at - make_interval(days => %s),
           resolved_at = resolved_at - make_interval(days => %s)""",
        days,
        days,
    )


def kept(world: World) -> list[str]:
    return [str(row["status"]) for row in conflict_list(world.app.context, "all")]


def test_a_conflict_names_the_version_of_the_rules_that_decided_it(agent: World) -> None:
    first, second = clash(agent, 1), clash(agent, 2)
    assert (first["policy_version"], second["policy_version"]) == (1, 1)
    assert first["rules"]["fields"]["prompt"] == "newest" and first["rules"]["ambiguous"] == "notion"
    configure(agent, MANUAL)
    third = clash(agent, 3)
    assert (third["policy_version"], third["policy"], third["status"]) == (2, "manual", "open")
    assert third["rules"]["fields"]["prompt"] == "manual" and third["reason"]
    assert third["rules"]["since"] > first["rules"]["since"]
    again = dict(conflict_show(agent.app.context, first["id"]))
    assert again["rules"] == first["rules"]


def test_another_clash_of_an_open_conflict_is_the_same_one_counted(agent: World) -> None:
    configure(agent, MANUAL)
    first, second = clash(agent, 1), clash(agent, 2)
    assert (second["id"], second["occurrences"], second["policy_version"]) == (first["id"], 2, 1)
    assert (second["postgres"]["value"], second["notion"]["value"]) == ("stored 2", "typed 2")
    assert second["detected_at"] == first["detected_at"]


def test_a_closed_conflict_is_kept_for_ninety_days_and_its_values_longer(agent: World) -> None:
    told = clash(agent, 1)
    age(agent, 89)
    agent.sync()
    assert kept(agent) == ["auto"]
    age(agent, 2)
    agent.sync()
    assert kept(agent) == []
    known = [str(event["after"]) for event in log(agent.app.context, AuditQuery())]
    for side in ("postgres", "notion"):
        assert any(str(told[side]["value"]) in after for after in known)


def test_an_open_conflict_is_kept_whatever_its_age_and_the_decision_starts_the_clock(agent: World) -> None:
    configure(agent, MANUAL)
    told = clash(agent, 1)
    age(agent, 4000)
    agent.sync()
    assert kept(agent) == ["open"]
    resolve(agent.app.context, told["id"], keep="notion")
    agent.sync()
    assert kept(agent) == ["resolved"]
    age(agent, 91)
    agent.sync()
    assert kept(agent) == []
    agent.assert_in_sync()


def test_a_conflict_that_ends_by_itself_has_a_time_too(agent: World) -> None:
    configure(agent, MANUAL)
    clash(agent, 1)
    agent.edit(agent.page("agents", "A")["id"], Prompt=text("base"))
    agent.sync()
    [closed] = conflict_list(agent.app.context, "resolved")
    assert conflict_show(agent.app.context, int(str(closed["id"])))["resolved_at"] is not None


def test_the_decision_of_an_edit_that_has_not_crossed_yet_is_kept(agent: World) -> None:
    clash(agent, 1)
    age(agent, 91)
    agent.sql("UPDATE agents SET prompt = 'later'")
    agent.sync(direction="from-notion")
    assert kept(agent) == ["auto"]
    agent.sync()
    assert kept(agent) == []


def test_how_long_is_configured_and_a_run_forgets_too(agent: World) -> None:
    clash(agent, 1)
    configure(agent, "[retention]\nconflicts_days = 7\n")
    age(agent, 8)
    Stage(agent).run_for(4000)
    assert kept(agent) == []


def test_a_dry_run_forgets_nothing(agent: World) -> None:
    clash(agent, 1)
    age(agent, 91)
    agent.sync(dry_run=True)
    assert kept(agent) == ["auto"]


def test_a_continuous_run_closes_a_conflict_whose_edit_was_taken_back(agent: World) -> None:
    configure(agent, MANUAL)
    clash(agent, 1)
    agent.edit(agent.page("agents", "A")["id"], Prompt=text("base"))
    Stage(agent).run_for(120)
    assert kept(agent) == ["resolved"]
    assert agent.sql("SELECT prompt FROM agents") == [("stored 1",)]
