"""Retain: old events leave the log for files, as far as nothing needs them and nothing rests on them.

A file is written, forced to disk and proven against the chain before any of its events leaves; the events leave
in one transaction with the note of where they are. So a kill at any step leaves either all of it to do again, or
done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile

from sync_engine.domain.archive import (
    Archive,
    ArchiveBroken,
    Stored,
    dropped_bits,
    dropped_digest,
    dropped_events,
    lines,
    proven,
)
from sync_engine.domain.chain import Link
from sync_engine.domain.times import iso
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.errors import DatabaseError, UsageError
from sync_engine.ports.archives import ArchiveFiles, Holder
from sync_engine.ports.database import UnitOfWork

AT_ONCE = 50_000
"""Events of one file, about; also of one transaction that takes them out of the log."""


@dataclass
class Retained:
    """What was, or with `dry_run` would be, archived: links of the chain and events in them. `dropped` events
    leave the log, of these or of older archives; `stopped_by` is what needs later events, `marks` are the
    unprotected marks that lie before the end."""

    until: datetime
    place: str
    dry_run: bool = False
    links: int = 0
    events: int = 0
    dropped: int = 0
    files: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    stopped_by: Sequence[Holder] = ()

    def to_json(self) -> JsonObject:
        """The document that `log archive --json` prints."""
        files: list[Json] = [*self.files]
        marks: list[Json] = [*self.marks]
        stopped: list[Json] = [{"seq": item.seq, "why": item.why} for item in self.stopped_by]
        return {
            "until": iso(self.until),
            "folder": self.place,
            "dry_run": self.dry_run,
            "links": self.links,
            "events": self.events,
            "dropped": self.dropped,
            "files": files,
            "marks": marks,
            "stopped_by": stopped,
        }


def retain(context: Context, older_than: timedelta, *, dry_run: bool = False, at_once: int = AT_ONCE) -> Retained:
    """Archive what was sealed before that long ago, up to what is still needed, a file at a time.

    The caller holds the installation's lock. What a record is, who set its fields, and what it was at any time
    since, is told by the events that stay, in the same words as before. Raises UsageError without a folder for the
    files, ConfigurationError when one cannot be written, and DatabaseError when the log is not what was sealed.
    """
    if context.archives is None:
        raise UsageError("no folder for archives is configured", hint="[retention] archive in sync.toml names one")
    until = context.database.now() - older_than
    done = Retained(until, context.archives.place, dry_run)
    with context.database.transaction() as uow:
        holders = uow.archives.holders()
        last_seq = min((item.seq for item in holders), default=0)
        due = uow.archives.remaining(until, last_seq)
        if due.links < uow.archives.remaining(until, _ENDLESS).links:
            done.stopped_by = [item for item in holders if item.seq == last_seq]
        cut = _Cut(until, last_seq, due.end)
        if dry_run:
            _foresee(uow, cut, done)
            return done
    if due.links:
        older = _archives(context)
        while _archive_one(context, context.archives, done, cut, at_once):
            context.progress("archiving the log", done.events, due.events)
        for archive in older:
            _sweep(context, archive, done, cut)
    return done


_ENDLESS = 2**62


@dataclass(frozen=True, slots=True)
class _Cut:
    """Links sealed before `until`, up to the number `last_seq`; `end` is the highest number in them."""

    until: datetime
    last_seq: int
    end: int


def _archives(context: Context) -> Sequence[Archive]:
    with context.database.transaction() as uow:
        return uow.archives.all()


def _foresee(uow: UnitOfWork, cut: _Cut, done: Retained) -> None:
    for link in uow.archives.due(cut.until, cut.last_seq, _ENDLESS):
        done.links, done.events = done.links + 1, done.events + len(link.events())
        done.dropped += len(_superseded(uow, link, cut))
    for archive in uow.archives.all() if done.links else ():
        for link in _links(uow, archive):
            done.dropped += len(_superseded(uow, link, cut) - _gone(uow, link))
    done.marks = [mark.name for mark in uow.marks.all() if mark.seq < cut.end and not mark.protected]


def _archive_one(context: Context, files: ArchiveFiles, done: Retained, cut: _Cut, at_once: int) -> bool:
    """Write and prove one file, then let its events go; whether there was anything left to do."""
    with context.database.transaction() as uow:
        links = uow.archives.due(cut.until, cut.last_seq, at_once)
        if not links:
            return False
        # The hash too: a database that was set back makes other links under these numbers, and other files.
        name = f"log-{links[0].id:09}-{links[-1].id:09}-{links[-1].hash.hex()[:8]}.jsonl.gz"
        previous = uow.archives.hash_before(links[0].id)
        sha256 = files.write(name, lines(previous, ((link, uow.archives.stored(link)) for link in links)))
    _prove(files, name, links)
    archive = _archive(name, sha256, links, cut.until)
    with context.database.transaction() as uow:
        _let_go(uow, archive, links, done, cut)
    done.links, done.events = done.links + len(links), done.events + archive.events
    done.files.append(name)
    return True


def _sweep(context: Context, archive: Archive, done: Retained, cut: _Cut) -> None:
    """Let those events of an older archive go on which something rested when it was made, and nothing does now."""
    with context.database.transaction() as uow:
        links = _links(uow, archive)
        if any(_superseded(uow, link, cut) - _gone(uow, link) for link in links):
            _let_go(uow, replace(archive, until=cut.until), links, done, cut)


def _links(uow: UnitOfWork, archive: Archive) -> Sequence[Link]:
    following = uow.chain.links(after=archive.first_link - 1)
    return list(takewhile(lambda link: link.id <= archive.last_link, following))


def _superseded(uow: UnitOfWork, link: Link, cut: _Cut) -> frozenset[int]:
    return uow.archives.superseded([seq for seq, _ in link.events()], cut.until, cut.end)


def _gone(uow: UnitOfWork, link: Link) -> frozenset[int]:
    return dropped_events(link, uow.archives.bits(link.id) or b"")


def _prove(files: ArchiveFiles, name: str, links: Sequence[Link]) -> None:
    """Read the file back from disk: it holds these links, each of them as the chain has it."""
    try:
        hashes = [str(head["hash"]) for head, _ in proven(files.read(name))]
    except ArchiveBroken as error:
        raise DatabaseError(
            f"nothing left the log: what was written to {name} is not what was sealed ({error})",
            hint="`sync-engine audit verify` names what was altered",
        ) from error
    if hashes != [link.hash.hex() for link in links]:
        raise DatabaseError(f"nothing left the log: {name} does not hold its links", hint="run the command again")


def _archive(name: str, sha256: str, links: Sequence[Link], until: datetime) -> Archive:
    return Archive(
        id=0,
        at=until,
        until=until,
        file=name,
        sha256=sha256,
        first_link=links[0].id,
        last_link=links[-1].id,
        first_seq=min(link.first_seq for link in links),
        last_seq=max(link.last_seq for link in links),
        events=sum(len(link.events()) for link in links),
        dropped=0,
        digest="",
    )


def _let_go(uow: UnitOfWork, archive: Archive, links: Sequence[Link], done: Retained, cut: _Cut) -> None:
    before = {link.id: _gone(uow, link) for link in links}
    gone = {link.id: before[link.id] | _superseded(uow, link, cut) for link in links}
    bits = {link.id: dropped_bits(link, gone[link.id]) for link in links}
    fresh = sorted(seq for link in links for seq in gone[link.id] - before[link.id])
    marks = [mark.name for mark in uow.marks.all()]
    dropped = sum(len(seqs) for seqs in gone.values())
    uow.archives.drop(replace(archive, dropped=dropped, digest=dropped_digest(bits)), bits, fresh)
    kept = {mark.name for mark in uow.marks.all()}
    done.marks += [mark for mark in marks if mark not in kept]
    done.dropped += len(fresh)


def archived_events(context: Context, name: str) -> Sequence[Stored]:
    """The events of one archive, proven. Raises UsageError when it is not there, or is not what was archived."""
    if context.archives is None:
        raise UsageError("no folder for archives is configured", hint="[retention] archive in sync.toml names one")
    try:
        return [item for _, stored in proven(context.archives.read(name)) for item in stored]
    except FileNotFoundError:
        raise UsageError(
            f"{name} is not in {context.archives.place}", hint="`sync-engine log list` has the names"
        ) from None
    except ArchiveBroken as error:
        raise UsageError(f"{name} is not what was archived: {error}", hint="take it from a backup") from error
