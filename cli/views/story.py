"""The story of one value, for a person."""

from __future__ import annotations

from cli.output import Output, cell
from cli.times import shown
from cli.views.events import who
from cli.views.people import actor_name
from sync_engine.domain.values import Json, JsonObject


def show_story(output: Output, story: JsonObject) -> None:
    """Value, decision and reason first; then the events, and the last write that the engine made."""
    output.heading(f"{story['table']} {story['key']} {story['field']}")
    candidates = _object(story["candidates"])
    output.fields(
        [
            ("value", story["value"]),
            ("in Notion", story["notion_value"]),
            ("base", story["base"]),
            ("changed in Postgres", _candidate(candidates.get("postgres"))),
            ("changed in Notion", _candidate(candidates.get("notion"))),
            ("decision", story["decision"]),
            ("reason", story["reason"]),
            ("policy", story["policy"]),
        ]
    )
    _events(output, story)
    for conflict in _objects(story["conflicts"]):
        won = f", {conflict['winner']} won" if conflict["winner"] else ""
        output.text(f"conflict {conflict['id']} ({conflict['status']}{won}): {conflict['reason']}")
    if story["request"] is not None:
        _write(output, _object(story["request"]), _object(story["response"]))


def _events(output: Output, story: JsonObject) -> None:
    output.text()
    rows = [
        [event["seq"], shown(event["at"]), event["source"], who(event), cell(event["from"]), cell(event["to"])]
        for event in _objects(story["events"])
    ]
    output.table(["seq", "at", "source", "actor", "from", "to"], rows, empty="nothing is logged of this field")


def _write(output: Output, request: JsonObject, response: JsonObject) -> None:
    error = f": {response['error']}" if response["error"] else ""
    output.text(
        f"last write: {request['op']} in {request['side']} to {cell(request['to'])} by run {request['run_id']}:"
        f" {response['status']} at {shown(response['at'])}{error}"
    )


def _candidate(change: Json) -> str:
    if not isinstance(change, dict):
        return "no"
    return f"{cell(change['value'])} by {actor_name(change['actor'])} (event {change['seq'] or '–'})"


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
