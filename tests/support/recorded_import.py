"""Puts recorded objects into a sandbox's store, as they were when a flow first saw them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from sync_engine.sandbox.clock import to_milliseconds
from sync_engine.sandbox.model import (
    Block,
    Comment,
    Database,
    DataSource,
    Page,
    Parent,
    Property,
    Setting,
    Token,
    Upload,
    User,
)
from sync_engine.sandbox.richtext import plain_run
from sync_engine.sandbox.store import Store
from tests.support.recorded_flows import Exchange, Flow, dashed, ids_in

FULL = {"file_upload", "page", "data_source", "database", "block", "comment", "user"}
_NOBODY = "00000000-0000-4000-8000-00000000ffff"


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Return every recorded object inside a value, outer ones first."""
    if isinstance(value, dict):
        if value.get("object") in FULL and "id" in value:
            yield value
        for inner in value.values():
            yield from objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


def prepare(store: Store, flow: Flow) -> None:
    """Fill the store with all that the flow's answers show but its requests did not make."""
    made: set[str] = set()
    for exchange in flow.exchanges:
        fresh = exchange.response.get("id")
        if exchange.status == 200:
            if exchange.method == "POST" and exchange.response.get("object") != "list":
                made.add(fresh)
                made.update(each["id"] for each in exchange.response.get("data_sources", []))
            if exchange.method == "PATCH" and exchange.path.endswith("/children"):
                made.update(each["id"] for each in exchange.response["results"])
        for found in objects_in(exchange.response):
            if found["id"] not in made:
                put(store, found)
    for exchange in flow.exchanges:
        _name_mentioned(store, exchange.response)
        _stub_asked(store, exchange, made)
    _newest_first(store)
    _act_as_recorded(store, flow)
    _workspace(store, flow)
    _fill_gaps(store, made)
    store.commit()


def _stub_asked(store: Store, exchange: Exchange, made: set[str]) -> None:
    """Make the page that a request is about or puts something under, when no answer ever shows it."""
    if exchange.status != 200:
        return
    parent = (exchange.request or {}).get("parent") or {}
    about = exchange.path.split("/")[3:4] if exchange.path.startswith("/v1/blocks/") else []
    if exchange.path == "/v1/comments" and exchange.method == "GET":
        about = sorted(ids_in(exchange.query))
    for asked in (parent.get("page_id"), *about):
        if asked is None or dashed(asked) in made:
            continue
        wanted = dashed(asked)
        if not (store.find(Page, wanted) or store.find(Block, wanted) or store.find(Database, wanted)):
            store.put(_stub(store, wanted))


def _stub(store: Store, page_id: str, title: str = "") -> Page:
    values = {"title": [plain_run(title)] if title else []}
    return Page(page_id, Parent("workspace"), 0, 0, _NOBODY, _NOBODY, store.next_sequence(), values)


def _name_mentioned(store: Store, value: Any) -> None:
    """Give the pages and databases that are only ever mentioned the name they are mentioned by."""
    if isinstance(value, dict):
        mention = value.get("mention") or {}
        if mention.get("type") == "page" and store.find(Page, mention["page"]["id"]) is None:
            store.put(_stub(store, mention["page"]["id"], value["plain_text"]))
        if mention.get("type") == "database" and store.find(Database, mention["database"]["id"]) is None:
            title = [plain_run(value["plain_text"])]
            found = mention["database"]["id"]
            store.put(Database(found, Parent("workspace"), 0, 0, _NOBODY, _NOBODY, (), title=title))
        for inner in value.values():
            _name_mentioned(store, inner)
    elif isinstance(value, list):
        for inner in value:
            _name_mentioned(store, inner)


def _newest_first(store: Store) -> None:
    """Number imported pages so that an unsorted query shows them as recorded: by creation, first seen last."""
    pages = [page for page in store.every(Page) if page.parent.type == "data_source_id"]
    ordered = sorted(enumerate(pages), key=lambda each: (each[1].created, -each[0]))
    for _, page in ordered:
        store.put(replace(page, seq=store.next_sequence()))


def put(store: Store, found: dict[str, Any]) -> None:
    """Add one recorded object unless it is there; a whole user replaces a bare one."""
    kind = found["object"]
    if kind == "user":
        _user(store, found)
    elif kind == "page" and "properties" in found and store.find(Page, found["id"]) is None:
        _page(store, found)
    elif kind == "database" and "title" in found and store.find(Database, found["id"]) is None:
        _database(store, found)
    elif kind == "data_source" and "title" in found and _made_up(store, found["id"]):
        _source(store, found)
    elif kind == "block" and "type" in found:
        _block(store, found)
    elif kind == "file_upload" and store.find(Upload, found["id"]) is None:
        _upload(store, found)
    elif kind == "comment" and store.find(Comment, found["id"]) is None:
        _comment(store, found)


def _made_up(store: Store, source_id: str) -> bool:
    known = store.find(DataSource, source_id)
    return known is None or known.created == 0


def _time(text: str) -> int:
    return to_milliseconds(datetime.fromisoformat(text))


def _parent(raw: dict[str, Any]) -> Parent:
    kind = raw["type"]
    return Parent("workspace") if kind == "workspace" else Parent(kind, raw[kind])


def _stamps(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "created": _time(found["created_time"]),
        "edited": _time(found["last_edited_time"]),
        "created_by": found.get("created_by", {}).get("id", _NOBODY),
        "edited_by": found.get("last_edited_by", {}).get("id", _NOBODY),
    }


def _user(store: Store, found: dict[str, Any]) -> None:
    known = store.find(User, found["id"])
    if "type" not in found:
        if known is None:
            store.put(User(found["id"], "", "person", listed=False))
        return
    email = found.get("person", {}).get("email", "")
    user = User(found["id"], found["name"], found["type"], email, found["avatar_url"])
    if known is None or not known.name:
        store.put(user)


def _page(store: Store, found: dict[str, Any]) -> None:
    parent = _parent(found["parent"])
    page = Page(
        id=found["id"],
        parent=parent,
        **_stamps(found),
        seq=store.next_sequence(),
        values={},
        icon=found["icon"],
        cover=found["cover"],
        in_trash=found["in_trash"],
        is_archived=found.get("is_archived", False),
        is_locked=found.get("is_locked", False),
    )
    values: dict[str, Any] = {}
    number = 0
    for name, entry in found["properties"].items():
        kind, key = entry["type"], unquote(entry["id"])
        if parent.type == "data_source_id":
            _known_property(store, found["parent"], key, name, kind, entry)
        stored = _stored(store, entry)
        if stored is not None:
            values[key] = stored
        if kind == "unique_id":
            number = entry["unique_id"]["number"] or 0
    store.put(replace(page, values=values, number=number))


def _stored(store: Store, entry: dict[str, Any]) -> Any:
    kind, value = entry["type"], entry.get(entry["type"])
    if value is None or kind in ("formula", "rollup", "unique_id", "button", "created_time", "last_edited_time"):
        return None
    if kind in ("select", "status"):
        return value["id"]
    if kind in ("multi_select", "people", "relation"):
        for each in value if kind == "people" else []:
            put(store, each)
        return [each["id"] for each in value]
    if kind in ("created_by", "last_edited_by"):
        put(store, value)
        return None
    if kind == "files":
        return [_file(each) for each in value]
    return value


def _file(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["type"] == "external":
        return {"name": entry["name"], "type": "external", "url": entry["external"]["url"]}
    return {"name": entry["name"], "type": "file", "path": "/recorded"}


def _known_property(store: Store, parent: dict[str, Any], key: str, name: str, kind: str, entry: Any) -> None:
    """Make up the schema of a data source that the flow never shows."""
    source_id, database_id = parent["data_source_id"], parent["database_id"]
    source = store.find(DataSource, source_id)
    if source is None:
        source = DataSource(source_id, database_id, 0, 0, _NOBODY, _NOBODY, {})
        if store.find(Database, database_id) is None:
            store.put(Database(database_id, Parent("workspace"), 0, 0, _NOBODY, _NOBODY, (source_id,)))
    old = source.properties.get(key)
    if source.created == 0 and (old is None or kind in ("select", "status", "multi_select")):
        prop = Property(key, name, kind, _made_up_config(kind, entry.get(kind), old, source_id))
        store.put(replace(source, properties={**source.properties, key: prop}, revision=source.revision + 1))


def _made_up_config(kind: str, value: Any, old: Property | None, source_id: str) -> dict[str, Any]:
    if kind in ("select", "status", "multi_select"):
        options = list(old.config["options"]) if old else []
        known = {each["id"] for each in options}
        chosen = value if isinstance(value, list) else [value] if value else []
        options += [{**option, "description": None} for option in chosen if option["id"] not in known]
        return {"options": options, **({"groups": [{"option_ids": []}]} if kind == "status" else {})}
    made: dict[str, dict[str, Any]] = {
        "unique_id": {"prefix": (value or {}).get("prefix") if kind == "unique_id" else None},
        "relation": {"data_source_id": source_id, "type": "single_property", "synced_property_id": None},
        "formula": {"expression": ""},
        "rollup": {
            "relation": "",
            "rolled": "",
            "function": value["function"] if kind == "rollup" else "count",
        },
    }
    return made.get(kind, {})


def _database(store: Store, found: dict[str, Any]) -> None:
    made = Database(
        id=found["id"],
        parent=_parent(found["parent"]),
        **_stamps(found),
        data_sources=tuple(each["id"] for each in found["data_sources"]),
        title=found["title"],
        description=found["description"],
        icon=found["icon"],
        cover=found["cover"],
        is_inline=found["is_inline"],
        is_locked=found["is_locked"],
        in_trash=found["in_trash"],
    )
    store.put(made)


def _source(store: Store, found: dict[str, Any]) -> None:
    database_id = found["parent"].get("database_id") or found["parent"].get("data_source_id")
    properties = {}
    for name, entry in found["properties"].items():
        key = unquote(entry["id"])
        config = _config(entry["type"], entry[entry["type"]])
        properties[key] = Property(key, name, entry["type"], config, entry["description"])
    made = DataSource(
        id=found["id"],
        database_id=database_id,
        **_stamps(found),
        properties=properties,
        title=found["title"],
        icon=found["icon"],
        cover=found["cover"],
        in_trash=found["in_trash"],
        revision=1,
    )
    store.put(made)
    known = store.find(Database, database_id)
    if known is None or known.created == 0:
        store.put(
            Database(
                database_id,
                _parent(found["database_parent"]),
                made.created,
                made.edited,
                _NOBODY,
                _NOBODY,
                (made.id,),
                title=found["title"],
                description=found["description"],
                is_inline=found["is_inline"],
            )
        )


def _config(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    if kind == "relation":
        inner = raw[raw["type"]]
        back = inner.get("synced_property_id")
        return {
            "data_source_id": raw["data_source_id"],
            "type": raw["type"],
            "synced_property_id": unquote(back) if back else None,
        }
    if kind == "rollup":
        return {
            "relation": raw["relation_property_id"],
            "rolled": raw["rollup_property_id"],
            "function": raw["function"],
        }
    return raw


def _block(store: Store, found: dict[str, Any]) -> None:
    kind = found["type"]
    if kind == "child_page":
        if store.find(Page, found["id"]) is None:
            stub = _stub(store, found["id"], found[kind]["title"])
            store.put(replace(stub, parent=_parent(found["parent"]), **_stamps(found), in_trash=found["in_trash"]))
        return
    if kind == "child_database":
        if store.find(Database, found["id"]) is None:
            title = [plain_run(found[kind]["title"])]
            stamps, parent = _stamps(found), _parent(found["parent"])
            seq = store.next_sequence()
            store.put(Database(found["id"], parent, **stamps, data_sources=(), seq=seq, title=title))
        return
    if store.find(Block, found["id"]) is None:
        store.put(
            Block(
                found["id"],
                _parent(found["parent"]),
                kind,
                found[kind],
                **_stamps(found),
                order=float(store.next_sequence()),
                in_trash=found["in_trash"],
            )
        )


def _upload(store: Store, found: dict[str, Any]) -> None:
    """Add an upload; lists show the newest first, so what is seen later is older."""
    store.put(
        Upload(
            found["id"],
            _time(found["created_time"]),
            found["created_by"]["id"],
            "external_url" if "file_import_result" in found else "single_part",
            -store.next_sequence(),
            found["filename"],
            found["content_type"],
            found["content_length"],
            found["status"],
        )
    )


def _comment(store: Store, found: dict[str, Any]) -> None:
    store.put(
        Comment(
            found["id"],
            _parent(found["parent"]),
            found["discussion_id"],
            _time(found["created_time"]),
            _time(found["last_edited_time"]),
            found["created_by"]["id"],
            found["rich_text"],
            store.next_sequence(),
            found["display_name"],
        )
    )


def _act_as_recorded(store: Store, flow: Flow) -> None:
    """Give the connection the recorded bot's identity."""
    bot, name = _recorded_bot(flow)
    token = next(each for each in store.every(Token) if each.secret == store.setting("token"))
    for user in store.every(User):
        if user.name in ("Ada Keller", "Bruno Santos", "Chioma Obi", "sync-engine", "Another connection"):
            store.delete(User, user.id)
    if bot is None:
        bot = token.id
    store.delete(Token, token.id)
    known = store.find(User, bot)
    name = name or (known.name if known and known.name else "bot")
    if known is None or not known.name:
        store.put(User(bot, name, "bot"))
    store.put(replace(token, id=bot, user_id=bot, connection=name))


def _recorded_bot(flow: Flow) -> tuple[str | None, str]:
    bot, name = None, ""
    for exchange in flow.exchanges:
        for found in objects_in(exchange.response):
            if found["object"] == "user" and found.get("bot"):
                bot, name = found["id"], found["name"]
            if found["object"] == "file_upload":
                bot = bot or found["created_by"]["id"]
            if found["object"] == "comment":
                name = name or found.get("display_name", {}).get("resolved_name", "")
        extra = exchange.response.get("additional_data") or {}
        if "integration_id" in extra:
            bot = bot or extra["integration_id"]
            text = exchange.response["message"]
            name = name or (text.split('"')[1] if '"' in text else "")
    return bot or _writer(flow) or _reader_of_own(flow), name


def _reader_of_own(flow: Flow) -> str | None:
    """Return the author of the data source that the flow made by making its database."""
    made = {each["id"] for exchange in flow.exchanges for each in exchange.response.get("data_sources", [])}
    for exchange in flow.exchanges:
        if exchange.response.get("id") in made and "created_by" in exchange.response:
            return str(exchange.response["created_by"]["id"])
    return None


def _writer(flow: Flow) -> str | None:
    """Return who wrote in a flow that never asks who it is."""
    for exchange in flow.exchanges:
        if exchange.method in ("POST", "PATCH", "DELETE") and exchange.status == 200:
            answer = exchange.response
            blocks = answer.get("results", []) if exchange.path.endswith("/children") else []
            for each in (answer, *blocks):
                writer = each.get("last_edited_by") or each.get("created_by")
                if writer:
                    return str(writer["id"])
    return None


def _fill_gaps(store: Store, made: set[str]) -> None:
    """Make the pages and databases that parents and relations point to."""
    for page in store.every(Page):
        _ancestor(store, page.parent, made)
    for database in store.every(Database):
        _ancestor(store, database.parent, made)
        for source_id in database.data_sources:
            if store.find(DataSource, source_id) is None:
                title = Property("title", "Name", "title")
                store.put(
                    DataSource(
                        source_id, database.id, 0, 0, _NOBODY, _NOBODY, {"title": title}, title=database.title
                    )
                )
    for block in store.every(Block):
        _ancestor(store, block.parent, made)


def _ancestor(store: Store, parent: Parent, made: set[str]) -> None:
    if parent.type == "page_id" and parent.id not in made and store.find(Page, parent.id) is None:
        store.put(_stub(store, parent.id))


def _workspace(store: Store, flow: Flow) -> None:
    """Take name and id of the workspace from `users/me`."""
    for exchange in flow.exchanges:
        for found in objects_in(exchange.response):
            if found["object"] == "user" and "workspace_id" in found.get("bot", {}):
                store.put(Setting("workspace_name", found["bot"]["workspace_name"]))
                store.put(Setting("workspace_id", found["bot"]["workspace_id"]))
