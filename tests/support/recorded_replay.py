"""Replays a recorded flow against a sandbox's gateway and compares each answer with the recorded one.

Not compared: ids (but the same id must be the same everywhere), times (but their form is), request ids,
cursors (but whether there is one), the host of addresses, what the search found.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from sync_engine.sandbox.clock import SandboxClock
from sync_engine.sandbox.gateway import Gateway, Request
from sync_engine.sandbox.ids import IdSource, encoded
from sync_engine.sandbox.ratelimit import RateLimit
from sync_engine.sandbox.seed import seed
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.workspace import Workspace
from tests.support.recorded_flows import Exchange, Flow, undashed
from tests.support.recorded_import import prepare

TIMES = {"created_time", "last_edited_time", "expiry_time", "expires_at"}
IGNORED = {"request_id", "next_cursor", "next_url"}
ADDRESSES = {"url", "upload_url", "public_url", "href", "avatar_url"}
_TIME = re.compile(r"\d")
_HEX = re.compile(r"[0-9a-f]{32}")
_DASHED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TOKEN = re.compile(r"\{\{notion:block_property:[^}]*\}\}")


@dataclass
class Outcome:
    """How one exchange went: the differences found, none when the answers are the same."""

    exchange: Exchange
    status: int
    answer: Any
    differences: list[str]


@dataclass
class Replay:
    """One flow on its way. `ids` maps recorded ids (of any kind) to the sandbox's."""

    flow: Flow
    ids: dict[str, str] = field(default_factory=dict)

    def run(self) -> list[Outcome]:
        """Send every request in order and return how each went."""
        self.moment = datetime(2026, 6, 27, 16, 0, tzinfo=UTC)
        clock = SandboxClock(lambda: self.moment)
        store = Store()
        ids = IdSource(7)
        doors = seed(store, ids, clock.milliseconds())
        workspace = Workspace(store, ids, clock, doors, RateLimit(None))
        prepare(store, self.flow)
        gateway = Gateway(workspace)
        return [self._one(gateway, exchange) for exchange in self.flow.exchanges]

    def _one(self, gateway: Gateway, exchange: Exchange) -> Outcome:
        self._set_clock(exchange)
        secret = gateway.workspace.doors.token if exchange.status != 401 else "wrong"
        body = b"" if exchange.request is None else self._mapped(json.dumps(exchange.request)).encode()
        if isinstance(exchange.request, dict) and "__text__" in exchange.request:
            body = exchange.request["__text__"].encode()
        request = Request(
            exchange.method,
            self._mapped(exchange.path),
            self._mapped(exchange.query),
            {"authorization": f"Bearer {secret}", "notion-version": exchange.version},
            body,
        )
        answered = gateway.handle(request)
        answer = json.loads(answered.body)
        differences: list[str] = []
        if answered.status != exchange.status:
            differences.append(f"status {answered.status}, recorded {exchange.status}: {answer.get('message')}")
        else:
            self._compare(exchange, exchange.response, answer, "", differences)
        return Outcome(exchange, answered.status, answer, differences)

    def _set_clock(self, exchange: Exchange) -> None:
        """Take the time of an answer that made or changed something."""
        if exchange.method in ("POST", "PATCH", "DELETE"):
            made = exchange.response.get("last_edited_time") or exchange.response.get("created_time")
            if isinstance(made, str):
                self.moment = max(self.moment, datetime.fromisoformat(made))
        asked = json.dumps(exchange.request)
        for found in re.findall(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+\d\d:\d\d", asked):
            if exchange.endpoint.endswith("/query"):
                self.moment = max(self.moment, datetime.fromisoformat(found))

    def _mapped(self, text: str) -> str:
        for recorded in sorted(self.ids, key=len, reverse=True):
            mine = self.ids[recorded]
            if len(recorded) == 36:
                text = text.replace(recorded, mine).replace(undashed(recorded), undashed(mine))
                continue
            for theirs, ours in ((recorded, mine), (encoded(recorded), encoded(mine))):
                text = text.replace(json.dumps(theirs), json.dumps(ours))
                text = text.replace(f"/properties/{theirs}", f"/properties/{ours}")
                text = text.replace(f"start_cursor={theirs}", f"start_cursor={ours}")
        return text

    def _compare(self, exchange: Exchange, recorded: Any, mine: Any, path: str, found: list[str]) -> None:
        key = path.rsplit(".", 1)[-1]
        if key in IGNORED:
            if (recorded is None) != (mine is None):
                found.append(f"{path}: {mine!r}, recorded {recorded!r}")
            elif key == "next_cursor" and recorded is not None and recorded != mine:
                self.ids[recorded] = mine
        elif isinstance(recorded, dict) and isinstance(mine, dict):
            self._objects(exchange, recorded, mine, path, found)
        elif isinstance(recorded, list) and isinstance(mine, list):
            self._lists(exchange, recorded, mine, path, found)
        elif isinstance(recorded, str) and isinstance(mine, str):
            if not self._same_text(key, recorded, mine):
                found.append(f"{path}: {mine!r}, recorded {recorded!r}")
        elif recorded != mine or (type(recorded) is bool and type(mine) is not bool):
            found.append(f"{path}: {json.dumps(mine)[:200]}, recorded {json.dumps(recorded)[:200]}")

    def _objects(self, exchange: Exchange, recorded: Any, mine: Any, path: str, found: list[str]) -> None:
        for name in recorded:
            if name not in mine:
                found.append(f"{path}.{name}: missing, recorded {json.dumps(recorded[name])[:120]}")
            else:
                self._compare(exchange, recorded[name], mine[name], f"{path}.{name}", found)
        for name in mine:
            if name not in recorded:
                found.append(f"{path}.{name}: {json.dumps(mine[name])[:120]}, not recorded")
        if "object" in recorded and list(recorded) != list(mine) and set(recorded) == set(mine):
            found.append(f"{path}: order of keys {list(mine)}, recorded {list(recorded)}")

    def _lists(self, exchange: Exchange, recorded: Any, mine: Any, path: str, found: list[str]) -> None:
        if path == ".results" and exchange.endpoint.endswith("/search"):
            known = {self._inverse(each["id"]): each for each in mine}
            recorded = [each for each in recorded if each["id"] in known]
            mine = [known[each["id"]] for each in recorded]
        elif path == ".results" and exchange.endpoint.endswith("/query"):
            known = {self._inverse(each["id"]): each for each in mine}
            if set(known) == {each["id"] for each in recorded}:
                mine = [known[each["id"]] for each in recorded]
        if len(recorded) != len(mine):
            found.append(f"{path}: {len(mine)} elements, recorded {len(recorded)}")
            return
        for place, (theirs, ours) in enumerate(zip(recorded, mine, strict=True)):
            self._compare(exchange, theirs, ours, f"{path}[{place}]", found)

    def _inverse(self, mine: str) -> str:
        for recorded, made in self.ids.items():
            if made == mine:
                return recorded
        return mine

    def _same_text(self, key: str, recorded: str, mine: str) -> bool:
        key = re.sub(r"\[\d+\]$", "", key)
        if key in TIMES:
            return _TIME.sub("0", recorded) == _TIME.sub("0", mine)
        if key == "id" or key.endswith(("_id", "_ids")):
            return self._bind(recorded, mine)
        if key in ADDRESSES or key == "message":
            return self._stripped(recorded) == self._stripped(mine)
        if key == "expression":
            return _TOKEN.sub("T", recorded) == _TOKEN.sub("T", mine)
        if key in ("start", "end") and recorded[:4] == "2026":
            return _TIME.sub("0", recorded) == _TIME.sub("0", mine)
        return recorded == mine

    def _stripped(self, text: str) -> str:
        text = _HEX.sub("H", _DASHED.sub("D", text))
        text = re.sub(r"^https://(www\.notion\.so|app\.notion\.com/p)/", "NOTION/", text)
        return text.split("?X-Amz")[0] if "X-Amz" in text else text

    def _bind(self, recorded: str, mine: str) -> bool:
        recorded, mine = unquote(recorded), unquote(mine)
        if recorded not in self.ids:
            self.ids[recorded] = mine
        return self.ids[recorded] == mine
