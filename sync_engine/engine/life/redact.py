"""Redact: take values of one record out of everything that remembers them, and keep the chain.

Log, journal and closed conflicts are redacted in one transaction, which logs who did it and why; then the
archives, file by file, each replaced as a whole. A kill in between leaves the rest to the next `audit redact` of
the same record. The present values in Postgres and Notion are not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sync_engine.domain.archive import Archive, ArchiveBroken, Stored, event_json, lines, proven
from sync_engine.domain.mapping import TableMapping
from sync_engine.domain.redaction import redacted_event
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.audit_record import record_events
from sync_engine.errors import UsageError
from sync_engine.ports.archives import ArchiveFiles
from sync_engine.ports.database import UnitOfWork
from sync_engine.ports.journal import JournalFilter
from sync_engine.ports.redactions import Scope


@dataclass
class Redacted:
    """What was, or would be, taken out: counts of events, journal entries, conflicts, and of archived events by
    file. `missing`: archives that are not in their folder, and may hold such values."""

    table: str
    key: str
    fields: Sequence[str]
    dry_run: bool
    events: int = 0
    changes: int = 0
    conflicts: int = 0
    archives: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def to_json(self) -> JsonObject:
        """The document that `audit redact --json` prints."""
        fields: list[Json] = [*self.fields]
        missing: list[Json] = [*self.missing]
        return {
            "table": self.table,
            "key": self.key,
            "fields": fields,
            "dry_run": self.dry_run,
            "events": self.events,
            "changes": self.changes,
            "conflicts": self.conflicts,
            "archives": {**self.archives},
            "archives_missing": missing,
        }


def redact(
    context: Context,
    table: str,
    key: str,
    fields: Sequence[str],
    reason: str,
    *,
    who: str = "",
    dry_run: bool = False,
) -> Redacted:
    """Redact these fields of a record, or all but its key; the caller holds the installation's lock.

    Raises UsageError for an unknown table, field or record, without a reason, and while a value is still needed:
    an open conflict, a hold, something left to carry across.
    """
    mapping = context.mapping(table)
    if not reason.strip():
        raise UsageError("a redaction needs a reason", hint="--reason 'ticket 12, a person asked to be forgotten'")
    done = Redacted(mapping.name, key, _names(mapping, fields), dry_run)
    if not dry_run:
        with context.database.transaction() as uow:
            uow.events.seal()  # what is not in the chain yet has no digest that could be kept
    with context.database.transaction(actor=who) as uow:
        scope, names = _scope(uow, mapping, key, done.fields)
        waiting = uow.redactions.waiting(scope.records)
        if waiting:
            raise UsageError(f"{table} {key} cannot be redacted yet: {waiting[0]}", hint="settle it, then repeat")
        told = f"redacted {mapping.name} {key}: {', '.join(fields) or 'all fields'}; {reason}"
        counts = uow.redactions.count(scope) if dry_run else uow.redactions.redact(scope, told)
    done.events, done.changes, done.conflicts = counts["events"], counts["changes"], counts["conflicts"]
    if context.archives is not None:
        _archives(context, context.archives, mapping, scope, names, done)
    if not names and not any(done.archives.values()):
        raise UsageError(f"nothing is known of {table} {key}", hint="`audit history` shows what is")
    return done


def _names(mapping: TableMapping, fields: Sequence[str]) -> Sequence[str]:
    """Fields with their columns: the log has the ones for Notion and the others for Postgres."""
    names: list[str] = []
    for name in fields:
        item = mapping.field_named(name)
        column = item.column if item is not None else name
        if column in mapping.key_columns:
            raise UsageError(f"{name} is part of the key of {mapping.name}", hint="a record is known by its key")
        if item is None and name not in mapping.captured:
            raise UsageError(f"table {mapping.name} has no field {name!r}")
        names += dict.fromkeys([item.name if item is not None else name, column])
    return names


def _scope(
    uow: UnitOfWork, mapping: TableMapping, key: str, names: Sequence[str]
) -> tuple[Scope, frozenset[tuple[str, str]]]:
    """What to redact, and the names under which archives know the record: keys and page ids."""
    events = record_events(uow, mapping, key)
    known = {("key", name) for event in events for name in (event.key, event.old_key) if name}
    known |= {("page_id", event.page_id) for event in events if event.page_id}
    records = {record.id for record in uow.records.by_key(mapping.id, [key]).values()}
    journalled = uow.journal.find(JournalFilter(mapping=mapping.id, key=key))
    records |= {entry.record_id for entry in journalled if entry.record_id}
    keep = [item.name for item in mapping.fields if item.column in mapping.key_columns]
    numbers = [event.seq for event in events if event.key or event.page_id]
    return Scope(numbers, sorted(records), names, [*mapping.key_columns, *keep]), frozenset(known)


def _archives(
    context: Context,
    files: ArchiveFiles,
    mapping: TableMapping,
    scope: Scope,
    names: frozenset[tuple[str, str]],
    done: Redacted,
) -> None:
    with context.database.transaction() as uow:
        archives = uow.archives.all()
    for archive in archives:
        if not done.dry_run:
            _remove_replaced(files, archive)
        if files.sha256(archive.file) is None:
            done.missing.append(archive.file)
            continue
        count = _one(context, files, archive, mapping, scope, names | {("key", done.key)}, dry_run=done.dry_run)
        if count:
            done.archives[archive.file] = count


def _one(
    context: Context,
    files: ArchiveFiles,
    archive: Archive,
    mapping: TableMapping,
    scope: Scope,
    names: frozenset[tuple[str, str]],
    *,
    dry_run: bool,
) -> int:
    """Write the archive anew without the values, note it, and only then remove the old file."""
    try:
        held = [item for _, stored in proven(files.read(archive.file)) for item in stored]
    except ArchiveBroken as error:
        told = f"{archive.file} is not what was archived: {error}"
        raise UsageError(told, hint="take it from a backup") from error
    known = _grown(held, mapping, names)
    fresh = {
        item.seq: redacted_event(item, scope.names, scope.keep) for item in held if _is_of(item, mapping, known)
    }
    count = sum(1 for item in held if item.seq in fresh and fresh[item.seq] != item)
    if dry_run or not count:
        return count
    by_seq = {item.seq: fresh.get(item.seq, item) for item in held}
    name = _next_name(archive.file)
    with context.database.transaction() as uow:
        links = [link for link in uow.chain.links(after=archive.first_link - 1) if link.id <= archive.last_link]
        previous = uow.archives.hash_before(archive.first_link)
        fresh_lines = lines(previous, ((link, [by_seq[seq] for seq, _ in link.events()]) for link in links))
        sha256 = files.write(name, fresh_lines)
        uow.archives.drop(replace(archive, file=name, sha256=sha256), {}, [])
    files.remove(archive.file)
    return count


def _grown(
    held: Sequence[Stored], mapping: TableMapping, names: frozenset[tuple[str, str]]
) -> frozenset[tuple[str, str]]:
    """The names, with the former keys and pages that only archived events tell of."""
    known, before = set(names), 0
    told = [event_json(item) for item in held]
    mine = [item for item in told if item["mapping"] == mapping.id]
    while before != len(known):
        before = len(known)
        for item in mine:
            if ("key", item["key"]) in known or ("page_id", item["page_id"]) in known:
                found = {("key", item["key"]), ("key", item["old_key"]), ("page_id", item["page_id"])}
                known |= {(kind, str(name)) for kind, name in found if name}
    return frozenset(known)


def _is_of(item: Stored, mapping: TableMapping, known: frozenset[tuple[str, str]]) -> bool:
    told = event_json(item)
    names = {("key", told["key"]), ("key", told["old_key"]), ("page_id", told["page_id"])}
    return told["mapping"] == mapping.id and bool(names & known)


def _next_name(file: str) -> str:
    """`log-1-2.jsonl.gz`, `log-1-2.r1.jsonl.gz`, `log-1-2.r2.jsonl.gz` …"""
    stem, _, number = file.removesuffix(_SUFFIX).partition(".r")
    return f"{stem}.r{int(number or 0) + 1}{_SUFFIX}"


def _remove_replaced(files: ArchiveFiles, archive: Archive) -> None:
    """A kill after an archive was replaced, and before its old file was removed, leaves the values there."""
    stem, _, number = archive.file.removesuffix(_SUFFIX).partition(".r")
    for earlier in range(int(number or 0)):
        files.remove(f"{stem}.r{earlier}{_SUFFIX}" if earlier else f"{stem}{_SUFFIX}")


_SUFFIX = ".jsonl.gz"
