"""Which database this is, and the position that is kept outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sync_engine.domain.events import ChangeEvent
from sync_engine.domain.home import Home, Position
from sync_engine.domain.values import JsonObject


class Homes(Protocol):
    """`sync_home`, and what the server tells of itself."""

    def known(self) -> Home:
        """Where this installation said it lives; only its id before it ever did."""
        ...

    def here(self) -> Home:
        """Where it is now."""
        ...

    def settle(self, home: Home) -> None:
        """From now on it lives there."""
        ...

    def position(self) -> Position | None:
        """How far the chain has come, or None before its first link."""
        ...

    def hash_of(self, link: int) -> str:
        """The hash of a link in hexadecimal; empty when there is no such link."""
        ...

    def ids_went_back(self) -> bool:
        """Whether transaction ids or event numbers are behind what the log and its reader have seen."""
        ...

    def rebases(self) -> Sequence[int]:
        """The numbers of the events that say that the log was rebased."""
        ...


class Positions(Protocol):
    """Keeps positions outside of the database, where a restore does not reach them."""

    def read(self, installation: str) -> Position | None:
        """The position kept for this installation, or None."""
        ...

    def keep(self, position: Position) -> None:
        """Keep it, durably; nothing happens when it is kept already, and a place that cannot be written to is only
        warned of."""
        ...


class Rebasing(Protocol):
    """Lets the log go on in a database whose transaction ids are not those that its events carry.

    All within one transaction: `freeze` first, `finish` last.
    """

    def freeze(self) -> int:
        """Wait until nobody writes to the log, keep it so until the end of the transaction, and return the newest
        number drawn. Raises DatabaseBusy when somebody holds on to it."""
        ...

    def floor(self, consumer: str) -> int:
        """A number up to which the consumer has read every event."""
        ...

    def read(self, after_seq: int, limit: int) -> Sequence[ChangeEvent]:
        """Postgres events by number, at most `limit`, whatever transaction ids say."""
        ...

    def finish(self, drawn: int, what: JsonObject) -> int:
        """Index and seal what is not yet, move every reader here, forget the transactions of records, and log it
        (`what`); returns the number of that event."""
        ...
