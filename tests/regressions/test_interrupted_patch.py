"""A patch that arrived, although the engine never learned it, is no person's edit (G4, G6)."""

from __future__ import annotations

import pytest

from sync_engine.engine.passes.sync import SyncOptions, sync
from sync_engine.engine.review.conflicts import conflict_list
from sync_engine.errors import NotionError
from tests.support.stateful.mortal import Killed, watched
from tests.support.world import World, shown, text


class _AfterPatch:
    """Kills the process at the first call of a port after a page was patched."""

    def __init__(self, world: World) -> None:
        self.requests = world.sandbox.requests
        self.before = len(self.requests)

    def __call__(self) -> None:
        if any(item.method == "PATCH" for item in list(self.requests)[self.before :]):
            raise Killed


def killed_after_the_patch(world: World) -> None:
    with pytest.raises(Killed):
        sync(watched(world.app.context, _AfterPatch(world)), SyncOptions())


@pytest.fixture
def patched(world: World) -> World:
    """The page shows what the row held when the process was killed."""
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'sent'")
    killed_after_the_patch(world)
    assert shown(world.page("agents", "A"), "Prompt") == "sent"
    return world


@pytest.mark.parametrize("later", ["later", "base"])
def test_a_later_edit_of_the_row_crosses_without_a_conflict(patched: World, later: str) -> None:
    patched.sql("UPDATE agents SET prompt = %s", later)
    patched.sync()
    assert shown(patched.page("agents", "A"), "Prompt") == later
    assert patched.sql("SELECT prompt FROM agents") == [(later,)]
    assert conflict_list(patched.app.context, "all") == []
    patched.assert_in_sync()


def test_so_it_does_when_a_person_edits_another_field_of_the_page(patched: World) -> None:
    patched.sql("UPDATE agents SET prompt = 'later'")
    patched.edit(patched.page("agents", "A")["id"], Max_Tokens={"number": 5})
    patched.sync()
    assert patched.sql("SELECT prompt, max_tokens FROM agents") == [("later", 5)]
    assert conflict_list(patched.app.context, "all") == []
    patched.assert_in_sync()


def test_an_edit_of_the_page_after_the_patch_is_one(patched: World) -> None:
    patched.edit(patched.page("agents", "A")["id"], Prompt=text("a person's"))
    patched.sync()
    assert patched.sql("SELECT prompt FROM agents") == [("a person's",)]
    patched.assert_in_sync()


def test_a_lost_reply_is_no_edit_either(world: World) -> None:
    world.sql("INSERT INTO agents (name, prompt) VALUES ('A', 'base')")
    world.sync()
    world.sql("UPDATE agents SET prompt = 'sent'")
    world.sandbox.fail_next("PATCH", "/v1/pages/", "drop_after", times=20)
    with pytest.raises(NotionError):
        world.sync()
    world.sandbox.faults.clear()
    assert shown(world.page("agents", "A"), "Prompt") == "sent"
    world.sql("UPDATE agents SET prompt = 'later'")
    world.sync()
    assert world.sql("SELECT prompt FROM agents") == [("later",)]
    assert conflict_list(world.app.context, "all") == []
    world.assert_in_sync()
