"""Edits of both sides of any table, without knowing it: values are exchanged among the pages of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from sync_engine.domain.codecs.runs import rich_text
from sync_engine.domain.mapping import TableMapping
from sync_engine.engine.configure.config_text import write_config
from sync_engine.engine.inquiry.verify import Difference, verify
from sync_engine.engine.review.holding import held_list
from tests.support.world import World

Rows = dict[str, list[tuple[str]]]


def initialise(world: World, *schemas: str) -> str:
    """Write the `sync.toml` that `init` would write, and set it up; returns its text."""
    wanted = schemas or ("public",)
    text = write_config(world.app.tables(wanted), wanted, (), world.app.probe)
    text = text.replace("brake = { share = 0.1, min = 20, update_share = 0.5 }", "brake = { share = 1 }")
    (world.folder / "sync.toml").write_text(text)
    world.reopen()
    return text


def stored(world: World) -> Rows:
    """Every row of every mapped table as the table prints it."""
    found: Rows = {}
    for mapping in world.app.context.mappings:
        name = '"{}"."{}"'.format(*(part.replace('"', '""') for part in (mapping.schema, mapping.table)))
        found[mapping.name] = sorted(world.sql(f"SELECT (whole.*)::text FROM {name} AS whole"))
    return found


def written(prop: dict[str, Any]) -> Any:
    """The value to send for a value as it was read."""
    kind = prop["type"]
    value = prop[kind]
    match kind:
        case "title" | "rich_text":
            value = rich_text("".join(run["plain_text"] for run in value))
        case "select":
            value = value and {"name": value["name"]}
        case "multi_select":
            value = [{"name": item["name"]} for item in value]
        case "relation":
            value = [{"id": item["id"]} for item in value]
        case "date":
            value = value and {"start": value["start"], "end": value["end"]}
    return {kind: value}


def exchange(world: World, mapping: TableMapping) -> int:
    """Give each page of a table the values of the next one, property by property; returns how many edits."""
    pages = sorted(world.pages(mapping.name), key=lambda page: str(page["id"]))
    fields = [item for item in mapping.fields if item.direction == "both" and item.writable]
    edits = 0
    for page, other in zip(pages, [*pages[1:], *pages[:1]], strict=True):
        changed = {
            item.property: written(other["properties"][item.property])
            for item in fields
            if written(page["properties"][item.property]) != written(other["properties"][item.property])
        }
        for name, value in changed.items():
            answer = world.person.patch(f"/pages/{page['id']}", json={"properties": {name: value}})
            refused_by_notion(answer)
            edits += 1
    return edits


def refused_by_notion(answer: httpx.Response) -> None:
    """A person cannot do everything either, but nothing that the engine wrote may be refused."""
    assert answer.is_success, answer.text


def unexplained(world: World) -> Sequence[Difference]:
    """Differences that are neither those of a held field nor of a held record."""
    held = held_list(world.app.context)
    records = {(item["table"], item["key"]) for item in held if item["op"] != "field"}
    fields = {
        (item["table"], item["key"], name)
        for item in held
        if item["op"] == "field"
        for name in str(item["constraint"]).split(", ")
    }
    return [
        found
        for found in verify(world.app.context).differences
        if (found.table, found.key) not in records and (found.table, found.key, found.field) not in fields
    ]


def assert_settled(world: World) -> None:
    """Nothing differs but what is held, and a further pass writes nothing."""
    found = unexplained(world)
    assert not found, (found[:5], held_list(world.app.context))
    reasons = [str(item["reason"]) for item in held_list(world.app.context)]
    unlike = [reason for reason in reasons if "by hand" in reason]
    assert not unlike, unlike
    again = world.sync()
    assert again.quiet
    assert sum(again.total.applied.values()) == 0, again.to_json()
    world.assert_log_tells_all()
