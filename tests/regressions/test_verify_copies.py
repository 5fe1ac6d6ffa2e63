"""A copied page carries its original's key; `verify` compares the row with its own page and tells the copy."""

from __future__ import annotations

from sync_engine.engine.inquiry.verify import verify
from tests.support.world import World, shown, text, title


def test_the_copy_is_the_duplicate_also_when_it_is_listed_first(world: World) -> None:
    source = {"type": "data_source_id", "data_source_id": world.source("agents")}
    world.sql("INSERT INTO agents (name) VALUES ('A')")
    # Made before the row's own page, and named alike: UNIQUE holds it back for ever.
    [(key,)] = world.sql("SELECT id::text FROM agents")
    for _ in range(4):
        world.call("POST", "/pages", {"parent": source, "properties": {"Name": title("A")}})
    world.sync()
    own = next(page for page in world.pages("agents") if shown(page, "Sync Key") == key)
    for page in world.pages("agents"):
        if page["id"] != own["id"]:
            world.edit(page["id"], Sync_Key=text(key), Prompt=text("copy"))
    found = verify(world.app.context).differences
    assert {item.kind for item in found} == {"duplicate_page"}
    assert own["id"] not in {item.notion for item in found} and len(found) == 4
