"""People on both sides: they edit rows by SQL and pages by HTTP, and remember what they wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from psycopg import sql

from sync_engine.domain.mapping import TableMapping
from sync_engine.sandbox.model import Page
from tests.support.stateful.schema import FIELDS, Cell, config
from tests.support.stateful.values import notion_value, sql_value
from tests.support.world import World

Refused = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.LockNotAvailable)
JSON = dict[str, Any]
Statement = tuple[sql.Composed | sql.SQL, Sequence[Any]]


@dataclass
class Memory:
    """What people did.

    `wrote` has the newest property value that a person put into each field of each page, and `every` all of them;
    `rows` are texts that were committed to Postgres; `trashed` are pages that people removed.
    """

    wrote: dict[tuple[str, str, str], JSON] = field(default_factory=dict)
    every: dict[tuple[str, str], list[JSON]] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    trashed: set[str] = field(default_factory=set)
    taken_back: bool = False


class People:
    """Everything that a person or an application can do to the two sides."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.memory = Memory()
        self.story: list[str] = []
        self._serial = 0
        world.connection.execute("SET lock_timeout = '50ms'")

    def choose(self, variant: str, policies: str = "") -> None:
        """Live with other policies from here on."""
        self.told(f"defaults: {variant!r}, policies: {policies!r}")
        chosen = config(policies).replace("[defaults]", f"[defaults]\n{variant}")
        (self.world.folder / "sync.toml").write_text(chosen)
        self.world.app = self.world._open()

    def told(self, what: str) -> None:
        self.story.append(what)

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    # --- rows

    def keys(self, table: str) -> list[str]:
        """Keys of the rows, in an order that repeats."""
        order = {"items": "id", "teams": "name, id", "lines": "label, id"}[table]
        return [key for (key,) in self.world.sql(f"SELECT id::text FROM {table} ORDER BY {order}")]

    def key(self, table: str, pick: int) -> str | None:
        keys = self.keys(table)
        return keys[pick % len(keys)] if keys else None

    def row_value(self, cell: Cell, flavour: int, pick: int) -> Any:
        """What to write into a column; relations pick a row that is there, or none, or one that is not."""
        if cell.kind not in FIELDS:
            return sql_value(cell.kind, flavour, self.serial())
        if flavour == 5:
            return None
        missing = "9999999" if cell.kind == "items" else "00000000-0000-4000-8000-000000000000"
        return missing if flavour == 7 else self.key(cell.kind, pick)

    def run(self, statements: Sequence[Statement], *, rolled_back: bool = False) -> bool:
        """One transaction; False when Postgres refused it."""
        self.told("; ".join(f"{query.as_string()} {list(values)!r}"[:300] for query, values in statements))
        written: list[Any] = []
        try:
            with self.world.connection.transaction(force_rollback=rolled_back):
                for query, values in statements:
                    done = self.world.connection.execute(query, values)
                    written += values if done.rowcount else ()
        except Refused as error:
            self.told(f"  refused: {type(error).__name__}")
            return False
        if rolled_back:
            self.told("  rolled back")
        else:
            texts = [value for value in written if isinstance(value, str)]
            self.memory.rows.update(value for value in texts if value.startswith("Text "))
        return not rolled_back

    def update(self, cell: Cell, pick: int, flavour: int) -> Statement | None:
        key = self.key(cell.table, pick)
        if key is None:
            return None
        query = sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(
            sql.Identifier(cell.table), sql.Identifier(cell.field)
        )
        return query, [self.row_value(cell, flavour, pick // 3), key]

    def insert(self, table: str, cells: Sequence[tuple[Cell, int, int]]) -> Statement:
        values: dict[str, Any] = {}
        if table == "lines":
            values["item_id"] = self.key("items", self._serial)
        else:
            values["name"] = f"Text {self.serial()}"
        for cell, flavour, pick in cells:
            if cell.table == table:
                values[cell.field] = self.row_value(cell, flavour, pick)
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        return query, list(values.values())

    def delete(self, table: str, pick: int) -> None:
        key = self.key(table, pick)
        if key is not None:
            self.run([(sql.SQL("DELETE FROM {} WHERE id = %s").format(sql.Identifier(table)), [key])])

    def reinsert(self, pick: int, *, passes_between: bool) -> str | None:
        """Delete an item and insert its key again; with a pass in between the caller inserts the returned key."""
        key = self.key("items", pick)
        if key is None:
            return None
        self.run([(sql.SQL("DELETE FROM items WHERE id = %s"), [key])])
        if passes_between:
            return key
        self.insert_key(key)
        return None

    def insert_key(self, key: str) -> None:
        name = f"Text {self.serial()}"
        self.run([(sql.SQL("INSERT INTO items (id, name) VALUES (%s, %s)"), [key, name])])

    def rekey(self, table: str, pick: int, other: int) -> None:
        """Change a primary key to a new one, or to one that was used before."""
        key = self.key(table, pick)
        if key is None:
            return
        if table == "items":
            new: str = str(1000 + other)
        else:
            new = f"00000000-0000-4000-8000-{other:012}"
        query = sql.SQL("UPDATE {} SET id = %s WHERE id = %s").format(sql.Identifier(table))
        self.run([(query, [new, key])])

    def swap_names(self, first: int, second: int) -> None:
        """Two rows exchange a unique value, in one transaction."""
        one, two = self.key("items", first), self.key("items", second)
        if one is None or one == two:
            return
        names = dict(self.world.sql("SELECT id::text, name FROM items"))
        change = sql.SQL("UPDATE items SET name = %s WHERE id = %s")
        self.run([(change, ["aside", one]), (change, [names[one], two]), (change, [names[two], one])])

    # --- pages

    def mapping(self, table: str) -> TableMapping:
        return self.world.app.context.mapping(table)

    def pages(self, table: str, *, trashed: bool = False) -> list[str]:
        """Pages in the order in which they were made."""
        source = self.mapping(table).data_source_id
        every = self.world.sandbox.workspace.store.every(Page)
        found = [page for page in every if page.parent.id == source and page.in_trash is trashed]
        return [page.id for page in sorted(found, key=lambda page: page.seq)]

    def page(self, table: str, pick: int, *, trashed: bool = False) -> str | None:
        pages = self.pages(table, trashed=trashed)
        return pages[pick % len(pages)] if pages else None

    def property_value(self, cell: Cell, flavour: int, pick: int) -> JSON | None:
        if cell.kind not in FIELDS:
            return notion_value(cell.kind, flavour, self.serial())
        if flavour == 5:
            return {"relation": []}
        target = self.page(cell.kind, pick)
        if target is None:
            return None
        if flavour == 7:
            others = {target, self.page(cell.kind, pick + 1)}
            return {"relation": [{"id": page} for page in sorted(map(str, others))]}
        return {"relation": [{"id": target}]}

    def edit(self, cell: Cell, pick: int, flavour: int) -> None:
        page = self.page(cell.table, pick)
        if page is not None:
            self.edit_page(page, cell, flavour, pick // 3)

    def edit_page(self, page: str, cell: Cell, flavour: int, pick: int = 0) -> None:
        value = self.property_value(cell, flavour, pick)
        if value is None:
            return
        name = self.mapping(cell.table).by_name[cell.field].property
        self._send("PATCH", f"/pages/{page}", {"properties": {name: value}}, cell.table)

    def create(self, table: str, cells: Sequence[tuple[Cell, int, int]], key: str = "") -> None:
        """Make a page, perhaps one that already says which row it is."""
        mapping = self.mapping(table)
        wanted: JSON = {mapping.title: {"title": [{"text": {"content": f"Page {self.serial()}"}}]}}
        if table == "lines" and (item := self.page("items", self._serial)):
            wanted["item_id"] = {"relation": [{"id": item}]}
        for cell, flavour, pick in cells:
            value = self.property_value(cell, flavour, pick) if cell.table == table else None
            if value is not None:
                wanted[cell.field] = value
        properties = {mapping.by_name[name].property: value for name, value in wanted.items()}
        if key:
            properties["Sync Key"] = {"rich_text": [{"text": {"content": key}}]}
        parent = {"type": "data_source_id", "data_source_id": mapping.data_source_id}
        self._send("POST", "/pages", {"parent": parent, "properties": properties}, table)

    def duplicate(self, table: str, pick: int) -> None:
        """Copy a page with all it shows, its key too."""
        page = self.page(table, pick)
        if page is None:
            return
        shown = self.world.call("GET", f"/pages/{page}")
        properties = {name: _writable(value) for name, value in shown["properties"].items()}
        self._send("POST", "/pages", {"parent": shown["parent"], "properties": properties}, table)

    def edit_key(self, table: str, pick: int, other: int, how: int) -> None:
        """Clear the key of a page, overwrite it, or copy it from another page."""
        page, source = self.page(table, pick), self.page(table, other)
        if page is None or source is None:
            return
        copied = self.world.call("GET", f"/pages/{source}")["properties"]["Sync Key"]
        value = [{"rich_text": []}, {"rich_text": [{"text": {"content": "mine"}}]}, _writable(copied)][how % 3]
        self._send("PATCH", f"/pages/{page}", {"properties": {"Sync Key": value}}, table)

    def trash(self, table: str, pick: int) -> None:
        page = self.page(table, pick)
        if page is not None:
            self.memory.trashed.add(page)
            self._send("PATCH", f"/pages/{page}", {"in_trash": True}, table)

    def restore(self, table: str, pick: int) -> None:
        page = self.page(table, pick, trashed=True)
        if page is not None:
            self._send("PATCH", f"/pages/{page}", {"in_trash": False}, table)

    def same_field(self, cell: Cell, pick: int, flavours: tuple[int, int]) -> None:
        """Edit one field of one record on both sides."""
        page = self.page(cell.table, pick)
        if page is None:
            return
        key = self.world.sql(
            "SELECT key FROM sync_engine.sync_records WHERE page_id = %s AND key IS NOT NULL", page
        )
        if not key:
            return
        self.edit_page(page, cell, flavours[1], pick)
        change = sql.SQL("UPDATE {} SET {} = %s WHERE id::text = %s").format(
            sql.Identifier(cell.table), sql.Identifier(cell.field)
        )
        self.run([(change, [self.row_value(cell, flavours[0], pick), key[0][0]])])

    def _send(self, method: str, path: str, body: JSON, table: str) -> None:
        self.told(f"person: {method} {path} {json.dumps(body, ensure_ascii=False)}"[:400])
        try:
            shown = self.world.call(method, path, body)
        except httpx.HTTPStatusError as error:
            self.told(f"  refused: {error.response.text[:200]}")
            return
        self._remember(table, shown, body.get("properties", {}))

    def _remember(self, table: str, shown: JSON, written: JSON) -> None:
        for item in self.mapping(table).fields:
            if item.property in written:
                value = shown["properties"][item.property]
                self.memory.wrote[table, shown["id"], item.name] = value
                self.memory.every.setdefault((shown["id"], item.name), []).append(value)


def _writable(prop: JSON) -> JSON:
    kind = prop["type"]
    value = prop[kind]
    if kind in ("rich_text", "title"):
        value = [{"text": {"content": run["plain_text"]}} for run in value]
    elif kind == "select" and value:
        value = {"name": value["name"]}
    elif kind == "multi_select":
        value = [{"name": option["name"]} for option in value]
    return {kind: value}
