"""Follow hints: what webhooks said becomes reads of single pages, or an earlier poll of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync_engine.engine.context import Context
from sync_engine.engine.continuous.polls import INBOX, Polls
from sync_engine.engine.passes.missing import distrust
from sync_engine.engine.passes.pull_pages import pull_pages
from sync_engine.errors import NotionRejected
from sync_engine.ports.hints import Hint

AT_ONCE = 200
"""Hints followed in one turn."""

FEW = 10
"""Pages of one table that are read one by one; more are found cheaper by a poll, which reads 100 a request."""


def follow_hints(context: Context, polls: Polls, run_id: str) -> dict[str, int]:
    """Follow what waits; returns the edits found by table. Hints are done when what they led to is committed.

    A table that turns out to be gone as a whole is noted in `polls`, as if a poll had been refused.

    Events whose only authors are this connection are our own writes. Those of unknown pages and data sources
    concern nobody here.
    """
    with context.database.transaction() as uow:
        waiting = uow.hints.waiting(AT_ONCE)
        pages = [hint.entity_id for hint in waiting if hint.entity == "page"]
        inbox = uow.inbox.place() if waiting else None
        owners = {page_id: mapping for page_id, (mapping, _) in uow.records.keys(pages).items()} if pages else {}
    if inbox is not None and any(_is_of(context, inbox.data_source_id, hint) for hint in waiting):
        polls.now(INBOX)
    edits: dict[str, int] = {}
    for mapping_id, page_ids in _by_table(context, waiting, owners).items():
        mapping = context.by_id[mapping_id]
        if len(page_ids) > FEW or "" in page_ids:
            polls.now(mapping.name)
        edited = [page_id for page_id in page_ids if page_id and (len(page_ids) <= FEW or page_ids[page_id])]
        try:
            edits[mapping.name] = pull_pages(context, mapping, edited, run_id)
        except NotionRejected as error:
            polls.refused(mapping.name, error)
            distrust(context.database, mapping)
            continue
        if edits[mapping.name]:
            polls.now(mapping.name)
    if waiting:
        with context.database.transaction() as uow:
            uow.hints.done([hint.event_id for hint in waiting])
    return edits


def _is_of(context: Context, data_source_id: str, hint: Hint) -> bool:
    """Whether somebody else than this connection changed something there."""
    if data_source_id not in (hint.data_source_id, hint.entity_id):
        return False
    return not hint.authors or set(hint.authors) != {context.workspace.whoami().id}


def _by_table(context: Context, hints: Sequence[Hint], owners: Mapping[str, int]) -> dict[int, dict[str, bool]]:
    """Page ids by mapping; "" is the table as a whole. True: no poll would show what happened to the page."""
    sources = {mapping.data_source_id: mapping.id for mapping in context.mappings}
    me = context.workspace.whoami().id if hints else ""
    found: dict[int, dict[str, bool]] = {}
    for hint in hints:
        own = bool(hint.authors) and set(hint.authors) == {me}
        is_page = hint.entity == "page"
        source = hint.data_source_id if is_page else hint.entity_id
        owner = owners.get(hint.entity_id, sources.get(source))
        if owner is None or owner not in context.by_id or own:
            continue
        pages = found.setdefault(owner, {})
        page_id = hint.entity_id if is_page else ""
        pages[page_id] = pages.get(page_id, False) or hint.kind in ("page.deleted", "page.moved")
    return found
