"""A world with a conflict inbox, and the hands of a person in it."""

from __future__ import annotations

from typing import Any

from tests.support.world import World, text

MANUAL = '[tables.fields.{}]\nconflict = "manual"\n'
ON = "[inbox]\nenabled = true\n"


def with_inbox(world: World, *fields: str, inbox: str = ON) -> None:
    """Turn the inbox on, and leave conflicts of these fields of `agents` to people."""
    file = world.folder / "sync.toml"
    head, tables, rest = file.read_text().partition("[[tables]]")
    file.write_text(head + inbox + tables + rest + "".join(MANUAL.format(name) for name in fields))
    world.reopen()


def inbox_rows(world: World) -> list[dict[str, Any]]:
    """The rows of the inbox as people see them, the oldest conflict first."""
    [(source,)] = world.sql("SELECT data_source_id FROM sync_engine.sync_inbox")
    body: dict[str, Any] = {"page_size": 100}
    found: list[dict[str, Any]] = []
    while True:
        answer = world.call("POST", f"/data_sources/{source}/query", body)
        found += answer["results"]
        if not answer["has_more"]:
            return sorted(found, key=lambda page: page["properties"]["Number"]["number"] or 0)
        body["start_cursor"] = answer["next_cursor"]


def inbox_row(world: World) -> dict[str, Any]:
    """The one row."""
    [row] = inbox_rows(world)
    return row


def cell(page: dict[str, Any], name: str) -> Any:
    """What a person reads in a cell."""
    value = page["properties"][name]
    held = value[value["type"]]
    if isinstance(held, list):
        return "".join(run["plain_text"] for run in held)
    return held["name"] if isinstance(held, dict) and "name" in held else held


def choose(world: World, page: dict[str, Any], keep: str, value: str | None = None) -> None:
    """Decide in a row."""
    properties: dict[str, Any] = {"Keep": {"select": {"name": keep}}}
    if value is not None:
        properties["Value"] = text(value)
    world.edit(page["id"], **properties)


def disputed_prompts(world: World, *names: str) -> None:
    """Agents whose prompts both sides changed."""
    for name in names:
        world.sql("INSERT INTO agents (name, prompt) VALUES (%s, 'before')", name)
    world.sync()
    for name in names:
        world.sql("UPDATE agents SET prompt = %s WHERE name = %s", f"row of {name}", name)
        world.edit(world.page("agents", name)["id"], Prompt=text(f"page of {name}"))
    world.sync()


def prompts(world: World, name: str) -> tuple[Any, Any]:
    """The prompt of an agent in its row and in its page."""
    [(row,)] = world.sql("SELECT prompt FROM agents WHERE name = %s", name)
    return row, cell(world.page("agents", name), "Prompt")
