"""The local Notion against recorded traffic of the real one: same requests, same answers.

Skipped where the recordings are not there. Each difference that is left has its reason here.
"""

from __future__ import annotations

from functools import cache

import pytest

from tests.support.openapi import complaint
from tests.support.recorded_flows import RECORDED, Flow, flows
from tests.support.recorded_replay import Outcome, Replay

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="no recorded traffic beside the repository")

NOT_SPOKEN = ("views", "async_tasks", "custom_emojis", "markdown", "blocks/{id}/query")
"""Endpoints the local Notion does not have (docs/reference/sandbox.md)."""

SUPERSEDED = " history"
"""Older recordings of the same flows, with keys and an order that the newer ones do not show any more."""

UNSEEN: dict[tuple[str, str], str] = {
    ("test_wiki_db_schema", "POST /v1/data_sources/{id}/query"): "the flow never shows the data source",
    ("test_to_p", "POST /v1/data_sources/{id}/query"): "the flow never shows the schema of its formula",
    ("test_query_formula.yaml", "POST /v1/data_sources/{id}/query"): "a lone error without its schema",
    ("test_append_block_comments", "POST /v1/comments"): "the flow never shows who its connection is",
    ("test_embed_blocks", "GET /v1/databases/{id}"): "the database is first seen as a child block, not whole",
    ("test_async_tasks", "DELETE /v1/blocks/{id}"): "its content was written as markdown",
    ("test_pages_update_markdown", "DELETE /v1/blocks/{id}"): "its content was written as markdown",
    ("test_text_query", "POST /v1/data_sources/{id}/query"): "addresses were redacted in answers, not in filters",
    ("test_file_uploads", "GET /v1/file_uploads"): "imports of addresses outside, which are not made here",
    ("", "GET /v1/users"): "two bots were redacted to one id",
    ("", "GET /v1/users/me"): "two bots were redacted to one id",
}
"""Answers that rest on something the recording does not hold: they cannot be judged."""


@cache
def played() -> list[tuple[Flow, list[Outcome]]]:
    """Replay every flow in a version the local Notion speaks, once for all tests here."""
    chosen = (flow for flow in flows() if not flow.name.endswith(SUPERSEDED))
    spoken = (flow for flow in chosen if all(each.version >= "2022-06-28" for each in flow.exchanges))
    return [(flow, Replay(flow).run()) for flow in spoken]


def supported(outcome: Outcome) -> bool:
    return not any(name in outcome.exchange.endpoint for name in NOT_SPOKEN)


def reason(flow: Flow, outcome: Outcome) -> str | None:
    for (name, endpoint), text in UNSEEN.items():
        if name in flow.name and endpoint == outcome.exchange.endpoint:
            return text
    return None


def test_every_difference_has_a_reason() -> None:
    unexplained = [
        f"{flow.name}: {outcome.exchange.method} {outcome.exchange.path}: {outcome.differences[:3]}"
        for flow, outcomes in played()
        for outcome in outcomes
        if outcome.differences and supported(outcome) and reason(flow, outcome) is None
    ]
    assert unexplained == []


def test_at_least_95_percent_of_the_answers_are_the_same() -> None:
    compared = [outcome for _, outcomes in played() for outcome in outcomes if supported(outcome)]
    same = [outcome for outcome in compared if not outcome.differences]
    print(f"same answers: {len(same)} of {len(compared)} ({len(same) / len(compared):.1%})")
    assert len(compared) > 1700
    assert len(same) / len(compared) >= 0.95


def test_at_least_95_percent_of_the_flows_are_the_same_throughout() -> None:
    whole = [
        outcomes
        for flow, outcomes in played()
        if all(supported(each) and not (each.differences and reason(flow, each)) for each in outcomes)
    ]
    same = [outcomes for outcomes in whole if not any(outcome.differences for outcome in outcomes)]
    print(f"same flows: {len(same)} of {len(whole)} ({len(same) / len(whole):.1%})")
    assert len(whole) > 150
    assert len(same) / len(whole) >= 0.95


def test_answers_are_as_the_published_document_says() -> None:
    complaints = {
        f"{outcome.exchange.endpoint}: {found}"
        for _, outcomes in played()
        for outcome in outcomes
        if supported(outcome)
        and outcome.exchange.version == "2026-03-11"
        and (found := complaint(outcome.exchange.method, outcome.exchange.path, outcome.status, outcome.answer))
    }
    assert complaints == set()
