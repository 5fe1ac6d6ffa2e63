"""A data source read completely: windows by creation time, edits during the scan, nothing missed or cut.

Rows are paged by `created_time` ascending, also when only changed rows are asked for: an edit moves a row within
an order by `last_edited_time`, and then a cursor (whose meaning under change Notion does not document) may jump
over others. Nothing moves within an order by creation. What was edited while the scan ran is asked for once more
at its end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync_engine.adapters.notion.calls import Answer
from sync_engine.adapters.notion.client import NotionClient
from sync_engine.adapters.notion.errors import may_be_lost_cursor
from sync_engine.adapters.notion.paging import PageSizes, next_cursor, query
from sync_engine.adapters.notion.wire import as_object, as_text, filter_time, moment, objects
from sync_engine.domain.values import Json, JsonObject
from sync_engine.errors import NotionRejected, NotionUnavailable

_TAIL_MARGIN = timedelta(seconds=5)
"""The clock in HTTP answers and the clock that stamps rows are on different machines of Notion."""
LOST_CURSORS = 3
"""Times that a listing is begun anew because Notion no longer knows its cursor."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The new row objects of one answer. `window_ends`: the last answer of a window of up to 10,000 rows."""

    found: Sequence[JsonObject]
    served_at: datetime
    window_ends: bool


class Scan:
    """One reading of a data source. Used once, by one thread."""

    def __init__(self, client: NotionClient, sizes: PageSizes, data_source_id: str) -> None:
        self._client = client
        self._sizes = sizes
        self._source = data_source_id
        self._seen: dict[str, bytes] = {}
        self._answers = 0
        self._began: datetime | None = None

    def rows(self, since: datetime | None) -> Iterator[Rows]:
        """All rows with `last_edited_time >= since` (floored to its minute); a row again if it changed meanwhile.

        Raises NotionUnavailable when the list cannot be completed, NotionRejected when the data source is a
        wiki, whose rows are partly databases.
        """
        yield from self._windows(since)
        if self._answers > 1 and self._began is not None:
            tail = self._began - _TAIL_MARGIN
            yield from self._windows(tail if since is None else max(since, tail))

    def _windows(self, since: datetime | None) -> Iterator[Rows]:
        start: datetime | None = None
        lost = 0
        while True:
            window = _Window(start)
            yield from self._window(window, since)
            if window.whole:
                return
            lost += window.cursor_lost
            if (window.last == start and not window.cursor_lost) or lost > LOST_CURSORS:
                raise NotionUnavailable(
                    f"data source {self._source} cannot be read completely: the listing does not get past "
                    f"rows created at {start}",
                    hint="Notion lists at most 10,000 rows of one creation minute",
                )
            start = window.last

    def _window(self, window: _Window, since: datetime | None) -> Iterator[Rows]:
        cursor = ""
        while True:
            try:
                answer = self._ask(window.start, since, cursor)
            except NotionRejected as refused:
                if not cursor or not may_be_lost_cursor(refused):
                    raise
                window.cursor_lost = True
                return
            window.read(answer)
            cursor = next_cursor(answer, cursor)
            yield Rows(self._new(answer), answer.served_at, window_ends=not cursor)
            if not cursor:
                return

    def _ask(self, start: datetime | None, since: datetime | None, cursor: str) -> Answer:
        conditions: list[Json] = [
            {"timestamp": stamp, stamp: {"on_or_after": filter_time(bound)}}
            for stamp, bound in (("created_time", start), ("last_edited_time", since))
            if bound is not None
        ]
        body: JsonObject = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}
        if conditions:
            body["filter"] = conditions[0] if len(conditions) == 1 else {"and": conditions}
        if cursor:
            body["start_cursor"] = cursor
        answer = query(self._client, self._sizes, self._source, body)
        self._answers += 1
        self._began = self._began or answer.served_at
        return answer

    def _new(self, answer: Answer) -> list[JsonObject]:
        """The rows not seen before, or seen with another content."""
        return [row for row in objects(answer.body.get("results")) if self._is_new(row)]

    def _is_new(self, row: JsonObject) -> bool:
        if row.get("object") == "data_source":
            raise NotionRejected(
                f"data source {self._source} is a wiki: some of its rows are databases",
                hint="map a plain database; wikis are not supported",
            )
        digest = hashlib.blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=16).digest()
        row_id = as_text(row.get("id"))
        if self._seen.get(row_id) == digest:
            return False
        self._seen[row_id] = digest
        return True


class _Window:
    """What has been read of one query: Notion ends it after 10,000 rows and says so by `request_status` only."""

    def __init__(self, start: datetime | None) -> None:
        self.start = start
        self.last = start
        self.cursor_lost = False
        self._cut = False

    @property
    def whole(self) -> bool:
        return not self._cut and not self.cursor_lost

    def read(self, answer: Answer) -> None:
        status = as_object(answer.body.get("request_status"))
        self._cut = self._cut or status.get("type") == "incomplete"
        for row in objects(answer.body.get("results")):
            created = moment(row.get("created_time"))
            if created is not None and (self.last is None or created > self.last):
                self.last = created
