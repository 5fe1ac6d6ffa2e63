"""Tamper evidence: whether the log still is what was sealed, and anchors of the chain to keep elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync_engine.domain.chain import Anchor, Inspection, Problem
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.context import Context
from sync_engine.engine.inquiry.archived import Ledger
from sync_engine.errors import UsageError

NAMED = 1000
"""Added events that are named at most; whoever added more is found by the first."""


@dataclass
class Verdict:
    """Events checked, those too new to be sealed yet, links of the chain, the hash it ends with, and problems.

    `archived` events left the log for archives; `files_missing` are archives that are not in their folder.
    """

    checked: int = 0
    unsealed: int = 0
    links: int = 0
    head: str = ""
    problems: Sequence[Problem] = field(default_factory=list)
    archived: int = 0
    files_missing: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_json(self) -> JsonObject:
        """The document that `audit verify --json` prints."""
        problems: list[Json] = [item.to_json() for item in self.problems]
        return {
            "ok": self.ok,
            "checked": self.checked,
            "unsealed": self.unsealed,
            "links": self.links,
            "head": self.head,
            "archived": self.archived,
            "archives_missing": [*self.files_missing],
            "problems": problems,
        }


def verify_log(context: Context, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Compute every hash again, from the events as they are, and compare; memory is flat.

    Finds an event that was altered, deleted, put in, or given another's number, and names it; and a link of the
    chain that was. Without an anchor it cannot find that the whole chain was made anew, or its end cut off with
    its events. Events since the last pass are not sealed yet and not checked. Writes nothing.
    """
    inspection, verdict = Inspection(), Verdict()
    with context.database.transaction() as uow:
        ledger = Ledger(uow)
        for link in uow.chain.links():
            inspection.look(link, ledger.as_sealed(uow.chain.digests(link)), anchors, ledger.gone(link))
            verdict.links, verdict.head = link.id, link.hash.hex()
            context.progress("checking the log", inspection.checked, 0)
        counts = uow.chain.counts()
        complete = counts.due + inspection.missing + inspection.archived == counts.held
        verdict.problems = inspection.finish([] if complete else uow.chain.strays(NAMED), anchors)
        verdict.problems = [*verdict.problems, *ledger.problems(context)]
        verdict.archived, verdict.files_missing = inspection.archived, ledger.missing_files(context)
    verdict.checked, verdict.unsealed = inspection.checked, counts.unsealed
    return verdict


def checkpoint(context: Context) -> Anchor:
    """The newest link's hash, to be kept where nobody who can write to the database can write.

    Raises UsageError while nothing is sealed.
    """
    with context.database.transaction() as uow:
        newest = uow.chain.newest()
    if newest is None:
        raise UsageError("nothing of the log is sealed yet", hint="run `sync-engine sync` first")
    return Anchor(newest.id, newest.hash.hex(), newest.at)
