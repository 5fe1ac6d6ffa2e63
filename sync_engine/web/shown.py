"""How values, times and people are shown: the filters of the templates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from markupsafe import Markup, escape

from sync_engine.domain.values import Json, JsonObject
from sync_engine.ports.runs import Run

LONG = 220
"""Characters of a text that are shown before the rest is folded away."""

LONGEST = 20_000
"""Characters of a text that are shown at all outside an editor."""

_NAMES = ("name", "sub", "subject", "application", "application_name", "role", "user", "id")
_STEPS = ((60, 1, "second"), (3600, 60, "minute"), (86400, 3600, "hour"), (30 * 86400, 86400, "day"))


def path_part(text: str) -> str:
    """One part of an address."""
    return quote(text, safe="")


def query_of(text: str) -> dict[str, str]:
    """The parameters of an address."""
    return dict(parse_qsl(text, keep_blank_values=True))


def plain(value: Json) -> str:
    """A canonical value as text; `null` is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def is_long(text: str) -> bool:
    """Whether a text is folded."""
    return len(text) > LONG or text.count("\n") > 3


def excerpt(text: str, length: int = LONG) -> str:
    """The beginning of a text."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def actor_name(actor: Json) -> str:
    """The most telling name of an actor; empty when there is none."""
    if not isinstance(actor, dict):
        return str(actor or "")
    return next((str(actor[key]) for key in _NAMES if actor.get(key)), "")


def moment_of(value: datetime | str | None) -> datetime | None:
    """A time of the engine's documents, in UTC."""
    if value is None or value == "":
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC)


def exact(value: datetime | str | None) -> str:
    """`2026-11-22 10:15:07 UTC`, or empty."""
    moment = moment_of(value)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def ago(value: datetime | str | None, now: datetime) -> Markup:
    """How long ago a time was, with the exact time behind it."""
    moment = moment_of(value)
    if moment is None:
        return Markup("never")
    text = _distance((now - moment).total_seconds(), moment)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), exact(moment), text)


def _distance(seconds: float, moment: datetime) -> str:
    if seconds < 5:
        return "just now"
    for limit, size, unit in _STEPS:
        if seconds < limit:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return moment.strftime("%Y-%m-%d")


def span(at: Json) -> Markup:
    """The time of one side of a conflict: an instant, or the interval in which it happened."""
    if isinstance(at, list) and len(at) == 2:
        since, until = exact(str(at[0])), exact(str(at[1]))
        if since[:10] == until[:10]:
            return Markup("{} – {}").format(since[:-4], until[11:])
        return Markup("{} – {}").format(since, until)
    return escape(exact(str(at)) if at else "at an unknown time")


def count(number: Json) -> str:
    """A number with thousands separated."""
    return f"{number:,}" if isinstance(number, int) else str(number)


def many(number: int, one: str, several: str = "") -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def anchor(key: str) -> str:
    """A fragment that names a row, whatever its key holds."""
    return "row-" + hashlib.sha1(key.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:12]


def short(text: str) -> str:
    """The beginning of an id, enough to tell it from its neighbours and to name it on the command line."""
    return text[:13] if len(text) == 36 else excerpt(text, 24)


NOTHING = "nothing to do"


def did(run: Run) -> str:
    """What a stored run did, in a few words."""
    if run.kind in ("swap", "resolve"):
        return "put a chosen value on both sides"
    return effects(run.summary)


def is_quiet(run: Run) -> bool:
    """Whether a run is a pass that ended with nothing done."""
    return run.kind == "sync" and run.status == "done" and did(run) == NOTHING


def effects(summary: JsonObject) -> str:
    """What the summary of a run says, in a few words."""
    parts = [f"{words} in {side}" for side, words in _applied(summary.get("applied"))]
    if isinstance(undone := summary.get("undone"), int):
        parts.append(f"{many(undone, 'record')} taken back")
    for name in ("conflicts", "held"):
        found = summary.get(name)
        new = found.get("new") if isinstance(found, dict) else 0
        if isinstance(new, int) and new:
            parts.append(many(new, "new conflict") if name == "conflicts" else f"{new} newly held")
    if isinstance(blocked := summary.get("blocked"), int) and blocked:
        parts.append(f"{blocked} blocked")
    parts += [f"{words} stopped by the brake" for words in _stopped(summary)]
    return ", ".join(parts) or NOTHING


def _stopped(summary: JsonObject) -> Iterator[str]:
    stops = summary.get("braked")
    for stop in stops if isinstance(stops, list) else ():
        if isinstance(stop, dict):
            yield f"{stop['count']} {stop['op']}s in {stop['table']}"
    if not stops:  # runs of before the brake told what it stopped: deletes only
        deletes = summary.get("brake")
        for table, number in deletes.items() if isinstance(deletes, dict) else ():
            yield f"{number} deletes in {table}"


_DONE: Mapping[str, str] = {
    "insert": "inserted",
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "trash": "trashed",
    "restore": "restored",
}


def _applied(applied: Json) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    for side, name in (("notion", "Notion"), ("postgres", "Postgres")):
        counts = applied.get(side) if isinstance(applied, dict) else None
        if isinstance(counts, dict):
            numbers = [(op, number) for op, number in counts.items() if isinstance(number, int) and number]
            if numbers:
                told.append((name, ", ".join(f"{number:,} {_DONE.get(op, op)}" for op, number in numbers)))
    return told


FILTERS: dict[str, Callable[..., object]] = {
    "plain": plain,
    "is_long": is_long,
    "excerpt": excerpt,
    "actor_name": actor_name,
    "exact": exact,
    "span": span,
    "count": count,
    "many": many,
    "anchor": anchor,
    "short": short,
    "did": did,
}
