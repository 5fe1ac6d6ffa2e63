"""The record: one row and one page that are the same thing, their base, and what each side changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sync_engine.domain.events import Side
from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject, Value


class Presence(Enum):
    """Whether a side has the record. `GONE` is a side that had it: deleted row, trashed page.

    `OUTSIDE`: the row is there, but does not fit its table's filter; what changes in it is followed all the same.
    """

    ABSENT = "absent"
    PRESENT = "present"
    GONE = "gone"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class PendingChange:
    """One field that differs from the base on one side: its value, when, by whom, and which event said so."""

    value: Value
    at: Interval
    actor: JsonObject
    seq: int
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """The engine's knowledge of one record.

    `base` holds the last value on which both sides agreed, per field, in Postgres' (strong) form; the Notion
    side is unchanged while it equals `codec.weaken(base)`. `postgres` and `notion` hold only what differs from
    the base; a record with nothing pending, present on both sides, is in sync. `postgres_txid` is the
    transaction of the newest applied Postgres event (a backfilled row never overwrites a newer one), and
    `notion_observed_at` when the page was last read. `incarnation` grows when a deleted key is inserted anew.
    """

    id: int
    mapping: int
    key: str
    page_id: str = ""
    incarnation: int = 1
    base: Mapping[str, Value] = field(default_factory=dict)
    postgres: Mapping[str, PendingChange] = field(default_factory=dict)
    notion: Mapping[str, PendingChange] = field(default_factory=dict)
    postgres_presence: Presence = Presence.ABSENT
    notion_presence: Presence = Presence.ABSENT
    postgres_seq: int = 0
    postgres_txid: int = 0
    notion_observed_at: datetime | None = None
    notion_edited_at: datetime | None = None
    key_on_page: bool = False
    detached: bool = False

    def pending(self, side: Side) -> Mapping[str, PendingChange]:
        """What that side changed since the base."""
        return self.postgres if side is Side.POSTGRES else self.notion

    def presence(self, side: Side) -> Presence:
        """Whether that side has the record."""
        return self.postgres_presence if side is Side.POSTGRES else self.notion_presence

    @property
    def has_row(self) -> bool:
        """Whether there is a row, be it outside of its table's filter."""
        return self.postgres_presence in (Presence.PRESENT, Presence.OUTSIDE)

    @property
    def quiet(self) -> bool:
        """Whether nothing is left to carry across for this record."""
        if self.detached:
            return True
        if Presence.PRESENT not in (self.postgres_presence, self.notion_presence):
            return True
        if self.postgres or self.notion:
            return False
        if self.postgres_presence is Presence.PRESENT and self.notion_presence is Presence.PRESENT:
            return self.key_on_page
        return False
