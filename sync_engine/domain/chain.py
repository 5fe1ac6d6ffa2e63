"""The hash chain over the log: what a link covers, and how an altered, missing or moved event shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sync_engine.domain.values import JsonObject

SHORT = 8
"""Bytes of an event's digest that a link keeps of it, to tell which event it was that changed."""

_LEAF = 8 + SHORT


@dataclass(frozen=True, slots=True)
class Link:
    """One link: some events in the order of their numbers, sealed together.

    `content` is the hash over number and digest of each, `hash` that over the previous link's hash, `id`,
    `snapshot` and `content`; `leaves` has the number and the first bytes of the digest of each event.
    """

    id: int
    at: datetime
    first_seq: int
    last_seq: int
    snapshot: str
    content: bytes
    hash: bytes
    leaves: bytes

    def events(self) -> Sequence[tuple[int, bytes]]:
        """Number and beginning of the digest of each event."""
        places = range(0, len(self.leaves), _LEAF)
        return [
            (int.from_bytes(self.leaves[at : at + 8], "big"), self.leaves[at + 8 : at + _LEAF]) for at in places
        ]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an event, or (`seq` of its first event) with a link of the chain."""

    seq: int
    problem: str

    def to_json(self) -> JsonObject:
        """As `audit verify --json` prints it."""
        return {"seq": self.seq, "problem": self.problem}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link's hash, kept elsewhere: whoever can rewrite the whole chain cannot rewrite this."""

    link: int
    hash: str
    at: datetime

    def to_json(self) -> JsonObject:
        """As `audit checkpoint` writes it."""
        return {"link": self.link, "hash": self.hash, "at": self.at.isoformat()}


def content_hash(digests: Mapping[int, bytes]) -> bytes:
    """The hash over number and digest of each event, in the order of the numbers."""
    return sha256(b"".join(_number(seq) + digests[seq] for seq in sorted(digests))).digest()


def link_hash(previous: bytes, link: Link) -> bytes:
    """What the hash of a link must be after the one with this hash (empty for the first)."""
    return sha256(previous + _number(link.id) + link.snapshot.encode() + link.content).digest()


def _number(number: int) -> bytes:
    return number.to_bytes(8, "big", signed=True)


@dataclass
class Inspection:
    """Looks at the links one after the other; memory grows with the problems only."""

    checked: int = 0
    missing: int = 0
    archived: int = 0
    _previous: Link | None = None
    _problems: list[Problem] = field(default_factory=list)
    _altered: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def look(
        self,
        link: Link,
        digests: Mapping[int, bytes],
        anchors: Sequence[Anchor] = (),
        archived: frozenset[int] = frozenset(),
    ) -> None:
        """Compare a link with the digests of its events as they are now; those that are gone have none.

        Events that were `archived` are not looked for; of the others of their link only the beginnings of their
        digests can be compared here.
        """
        self._look_at_chain(link, anchors)
        before = len(self._altered) + self.missing
        self.archived += len(archived)
        for seq, short in link.events():
            digest = digests.get(seq)
            if digest is None and seq in archived:
                continue
            self.checked += 1
            if digest is None:
                self.missing += 1
                self._problems.append(Problem(seq, "missing: the event was deleted"))
            elif digest[:SHORT] != short:
                self._altered[seq] = (short, digest[:SHORT])
        whole = not archived and before == len(self._altered) + self.missing
        if whole and content_hash(digests) != link.content:
            self._problems.append(Problem(link.first_seq, f"link {link.id} of the chain does not fit its events"))
        self._previous = link

    def _look_at_chain(self, link: Link, anchors: Sequence[Anchor]) -> None:
        known = self._previous
        expected = known.id + 1 if known is not None else 1
        if link.id != expected:
            gone = f"links {expected} to {link.id - 1} of the chain are missing"
            self._problems.append(Problem(link.first_seq, gone))
        elif link_hash(known.hash if known is not None else b"", link) != link.hash:
            altered = f"link {link.id} of the chain, or the one before it, was altered"
            self._problems.append(Problem(link.first_seq, altered))
        for anchor in anchors:
            if anchor.link == link.id and anchor.hash != link.hash.hex():
                rewritten = f"link {link.id} of the chain is not that of the checkpoint of {anchor.at.isoformat()}"
                self._problems.append(Problem(link.first_seq, rewritten))

    def finish(self, strays: Sequence[int] = (), anchors: Sequence[Anchor] = ()) -> Sequence[Problem]:
        """All problems by event. `strays` are events that no link has, though it should."""
        last = self._previous.id if self._previous is not None else 0
        cut = [Problem(0, _cut(last, anchor)) for anchor in anchors if anchor.link > last]
        places = {was: seq for seq, (was, _) in self._altered.items()}
        moved = [Problem(seq, _told(places.get(now))) for seq, (_, now) in self._altered.items()]
        added = [Problem(seq, "added: it was put into the log afterwards") for seq in strays]
        return sorted([*self._problems, *moved, *added, *cut], key=lambda item: item.seq)


def _cut(last: int, anchor: Anchor) -> str:
    return f"the chain ends at link {last}; the checkpoint of {anchor.at.isoformat()} knows link {anchor.link}"


def _told(place: int | None) -> str:
    if place is None:
        return "altered: it is not what was sealed"
    return f"moved: what has this number now was sealed as event {place}"
