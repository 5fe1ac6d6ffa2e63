"""Registrations: the mapped tables as `setup` registered them, and how far each has been read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sync_engine.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class Registration:
    """What the engine remembers of a mapping between runs.

    `fields` is JSON by field name: `{"number": attnum, "column": name, "column_type": ..., "former": [names],
    "property_id": ..., "type": ...}`.
    `backfilled`: every row that was there before capture is in the log. `recovering`: the database was restored,
    and no pass has read every page since: deletes wait for a person. `where` is the row filter as
    written when it was set up, `row_filter` what Postgres made of it; `filter_due`: no pass has asked it of every
    row yet. `matched`: rows and pages that existed apart were matched once. `key_numbers`: of
    the columns by which the records are known; empty: not noted yet. `polled_until`: lower bound of the next poll
    of Notion (the time by Notion's own clock when the last complete poll began), None before the first.
    """

    id: int
    name: str
    schema: str
    table: str
    oid: int
    database_id: str = ""
    data_source_id: str = ""
    key_property_id: str = ""
    fields: JsonObject = field(default_factory=dict)
    backfilled: bool = False
    recovering: bool = False
    where: str = ""
    row_filter: str = ""
    filter_due: bool = False
    matched: bool = False
    key_numbers: tuple[int, ...] = ()
    polled_until: datetime | None = None
    last_full_scan: datetime | None = None
    last_sync: datetime | None = None


class Registrations(Protocol):
    """Mappings as registered by `setup`."""

    def all(self) -> Sequence[Registration]:
        """All of them, by id."""
        ...

    def save(self, registration: Registration) -> Registration:
        """Insert (id 0) or update by id; returns it with its id."""
        ...
