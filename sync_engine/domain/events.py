"""Change events: the immutable records of the log, one change of one record on one side each."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from sync_engine.domain.times import Interval
from sync_engine.domain.values import JsonObject


class Side(Enum):
    """One of the two places a record lives in."""

    POSTGRES = "postgres"
    NOTION = "notion"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.NOTION if self is Side.POSTGRES else Side.POSTGRES


class Op(Enum):
    """What happened to the record. `SNAPSHOT` is a row that was there before capture began.

    `ENTER` and `LEAVE` say that a row began or ceased to fit its table's filter; nobody changed it by that.
    """

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    TRUNCATE = "truncate"
    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    ENTER = "enter"
    LEAVE = "leave"


class ChangeEvent(NamedTuple):
    """One change as the log holds it. A named tuple: reading the log makes one a row, and it costs the least.

    Images. Postgres events hold column images as captured (`domain/codecs` turns them into canonical values):
    `after` is the whole row for insert and snapshot; `before` the whole row for delete; for update both hold the
    changed columns only. Notion events hold canonical values of the changed mapped fields.

    `key` is the record key (`domain/keys.py`), empty for a Notion page that has none yet; `old_key` is set when
    an update changed the primary key. `origin` is empty for a person or an application, else `run:<id>` or
    `rollback:<id>`. `snapshot` is the `pg_snapshot` text under which a snapshot event was read. `redacted` are the
    names whose values were taken out of the images.
    """

    seq: int
    txid: int
    source: Side
    mapping: int
    key: str
    op: Op
    before: JsonObject | None
    after: JsonObject | None
    occurred: Interval
    recorded_at: datetime
    actor: JsonObject = {}  # noqa: RUF012 (never changed: shared by events without an actor)
    origin: str = ""
    old_key: str = ""
    page_id: str = ""
    snapshot: str = ""
    schema_version: int = 1
    redacted: tuple[str, ...] = ()


def is_rebase(event: ChangeEvent) -> bool:
    """Whether the event says that the log goes on in a database with other transaction ids: those of the events
    before it mean nothing any more."""
    return event.mapping == 0 and event.op is Op.RESTORE
