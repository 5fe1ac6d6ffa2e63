"""Archives: some links of the chain with their events, as lines of JSON that prove themselves. Pure.

The first line is the header, then each link is followed by its events, and the last line counts them. An event is
the text over which its digest was made, so that whoever has the file and the chain's hash needs no database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sync_engine.domain.chain import Link, content_hash, link_hash
from sync_engine.domain.values import Json, JsonObject

FORMAT = "sync-engine log 1"

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of the eight bytes in which Postgres sends a time
_EVENT = '"event":'


class ArchiveBroken(ValueError):
    """A file that is not what was archived; says which line and why."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive as the database remembers it.

    `until`: everything that it holds had happened by then. `dropped`: events that left the log; the others of its
    links are there still. `logged_seq`: the event that tells of it; `digest` covers which events left.
    """

    id: int
    at: datetime
    until: datetime
    file: str
    sha256: str
    first_link: int
    last_link: int
    first_seq: int
    last_seq: int
    events: int
    dropped: int
    digest: str
    logged_seq: int = 0

    def reason(self) -> str:
        """What the log says of it; sealed as any event."""
        return (
            f"archived links {self.first_link} to {self.last_link} in {self.file} (sha256 {self.sha256}),"
            f" dropped {self.dropped} of {self.events} events ({self.digest})"
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as a link sealed it: the text of its content, and its digest where the text was redacted since."""

    seq: int
    text: str
    digest: bytes | None = None

    @property
    def sealed(self) -> bytes:
        """The digest that the link covers."""
        return self.digest if self.digest is not None else sha256(self.text.encode()).digest()

    def line(self) -> str:
        """Its line in an archive."""
        sealed = f'"digest":"{self.digest.hex()}",' if self.digest is not None else ""
        return f'{{"seq":{self.seq},{sealed}{_EVENT}{self.text}}}'


def lines(previous: bytes, links: Iterable[tuple[Link, Sequence[Stored]]]) -> Iterator[str]:
    """An archive line by line; `previous` is the hash of the link before the first."""
    yield json.dumps({"format": FORMAT, "previous": previous.hex()})
    count, events = 0, 0
    for link, stored in links:
        yield json.dumps(_link_json(link))
        yield from (item.line() for item in stored)
        count, events = count + 1, events + len(stored)
    yield json.dumps({"links": count, "events": events})


def _link_json(link: Link) -> Mapping[str, Json]:
    return {
        "link": link.id,
        "at": link.at.isoformat(),
        "snapshot": link.snapshot,
        "content": link.content.hex(),
        "hash": link.hash.hex(),
        "events": len(link.events()),
    }


def proven(found: Iterable[str]) -> Iterator[tuple[Mapping[str, Json], Sequence[Stored]]]:
    """The links of an archive with their events, each checked against its hash and the link before.

    Raises ArchiveBroken, at the latest at the end, when the file is cut or is not what was sealed.
    """
    numbered = iter(enumerate(found, 1))
    previous, count, events = _header(numbered), 0, 0
    for number, line in numbered:
        head = _object(line, number)
        if "link" not in head:
            if (head.get("links"), head.get("events")) != (count, events) or next(numbered, None) is not None:
                raise ArchiveBroken(f"line {number}: the file was cut or lengthened")
            return
        stored = [_stored(next(numbered, (number, ""))) for _ in range(_whole(head, "events", number))]
        _prove(head, stored, previous, number)
        yield head, stored
        previous, count, events = bytes.fromhex(str(head["hash"])), count + 1, events + len(stored)
    raise ArchiveBroken("the file ends too early")


def _header(numbered: Iterator[tuple[int, str]]) -> bytes:
    number, line = next(numbered, (1, ""))
    head = _object(line, number)
    if head.get("format") != FORMAT:
        raise ArchiveBroken("line 1: not an archive of the log")
    return bytes.fromhex(str(head["previous"]))


def _prove(head: Mapping[str, Json], stored: Sequence[Stored], previous: bytes, number: int) -> None:
    content = content_hash({item.seq: item.sealed for item in stored})
    if content.hex() != head["content"]:
        raise ArchiveBroken(f"line {number}: the events of link {head['link']} are not what was sealed")
    link = Link(
        _whole(head, "link", number), _EPOCH, 0, 0, str(head["snapshot"]), content, b"", b""
    )  # only what the hash covers
    if link_hash(previous, link).hex() != head["hash"]:
        raise ArchiveBroken(f"line {number}: link {head['link']} does not follow the one before")


def _object(line: str, number: int) -> Mapping[str, Json]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise ArchiveBroken(f"line {number}: not JSON") from error
    if not isinstance(found, dict):
        raise ArchiveBroken(f"line {number}: not an object")
    return found


def _whole(head: Mapping[str, Json], name: str, number: int) -> int:
    found = head.get(name)
    if not isinstance(found, int):
        raise ArchiveBroken(f"line {number}: {name} is missing")
    return found


def _stored(numbered: tuple[int, str]) -> Stored:
    number, line = numbered
    head = _object(line, number)
    given, digest = head.get("seq"), head.get("digest")
    at = line.find(_EVENT)
    if not isinstance(given, int) or at < 0:
        raise ArchiveBroken(f"line {number}: not an event")
    return Stored(given, line[at + len(_EVENT) : -1], bytes.fromhex(str(digest)) if digest else None)


def event_json(stored: Stored) -> JsonObject:
    """An archived event as a person reads it: images as they were captured, times as times."""
    (txid, source, mapping, version, op, key, old_key, before, after, actor, origin, page_id, snapshot, since,
     until, recorded) = json.loads(stored.text)  # fmt: skip
    at = _moment(until) or _moment(since)
    return {
        "seq": stored.seq,
        "source": {"p": "postgres", "n": "notion"}.get(source, source),
        "mapping": mapping,
        "key": key,
        "op": _OPS.get(op, op),
        "before": before,
        "after": after,
        "at": at,
        "recorded_at": _moment(recorded) or _moment(since),
        "actor": actor or {},
        "origin": origin or "",
        "txid": txid,
        "old_key": old_key or "",
        "page_id": page_id or "",
        "snapshot": snapshot or "",
        "schema_version": version,
    }


_OPS = {"i": "insert", "u": "update", "d": "delete", "t": "truncate", "s": "snapshot", "r": "restore"}


def _moment(sent: str | None) -> str | None:
    if sent is None:
        return None
    return (_EPOCH + timedelta(microseconds=int.from_bytes(bytes.fromhex(sent), "big", signed=True))).isoformat()


def dropped_bits(link: Link, dropped: frozenset[int]) -> bytes:
    """Which events of the link left the log, a bit each in the order of its leaves."""
    bits = sum(1 << place for place, (seq, _) in enumerate(link.events()) if seq in dropped)
    return bits.to_bytes((len(link.events()) + 7) // 8, "little")


def dropped_events(link: Link, bits: bytes) -> frozenset[int]:
    """The numbers that `dropped_bits` tells of."""
    whole = int.from_bytes(bits, "little")
    return frozenset(seq for place, (seq, _) in enumerate(link.events()) if whole >> place & 1)


def dropped_digest(bits: Mapping[int, bytes]) -> str:
    """A digest over what left of which link."""
    return sha256(b"".join(link.to_bytes(8, "big") + bits[link] for link in sorted(bits))).hexdigest()
