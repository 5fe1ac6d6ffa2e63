"""What each answer of Notion means: the error class, whether it was tried again, what it says."""

from __future__ import annotations

import httpx
import pytest

from sync_engine.adapters.notion import open_workspace
from sync_engine.domain.retry import DEFAULT_TRIES, Failure
from sync_engine.errors import (
    ConfigurationError,
    ConnectionBlocked,
    NotionError,
    NotionNotFound,
    NotionRejected,
    NotionUnavailable,
)
from tests.support.notion import TOKEN, answering, error, html, page, play, results
from tests.support.staged import StagedClock

OK = httpx.Response(200, json=page("p1"))

FINAL = [
    (error(401, "unauthorized", "API token is invalid."), ConnectionBlocked, "NOTION_TOKEN"),
    (error(403, "restricted_resource", "API token does not have access"), NotionRejected, "Connections"),
    (error(403, "restricted_resource", "limit", block_limit="1000"), NotionRejected, "free plan"),
    (html(403, {"cf-ray": "x"}), NotionRejected, "network edge"),
    (error(404, "object_not_found", "Could not find page with ID: p."), NotionNotFound, "not shared"),
    (error(400, "validation_error", "Score is expected to be number."), NotionRejected, "'Score'"),
    (error(400, "validation_error", "a%3Ab is not a property that exists."), NotionRejected, "'a%3Ab'"),
    (
        error(
            400,
            "validation_error",
            "body failed validation: body.properties.Big Text.rich_text[0].text.content.length should be "
            "≤ `2000`, instead was `2602`.",
        ),
        NotionRejected,
        "'Big Text'",
    ),
    (error(400, "invalid_json", "Error parsing JSON body."), NotionRejected, ""),
    (error(400, "missing_version", "Notion-Version header should be defined."), NotionRejected, ""),
    (error(409, "row_limit_exceeded", "too many rows"), NotionRejected, "rows"),
    (
        error(429, "rate_limited", "blocked", rate_limit_reason="public_api_request_blocked"),
        ConnectionBlocked,
        "support",
    ),
    (html(413), NotionRejected, "too large"),
    (httpx.Response(301, headers={"location": "https://elsewhere"}), NotionRejected, "NOTION_API_URL"),
]


@pytest.mark.parametrize(("response", "kind", "hint"), FINAL, ids=lambda value: getattr(value, "__name__", None))
def test_a_refusal_is_raised_at_once_with_how_to_mend_it(
    response: httpx.Response, kind: type[NotionError], hint: str
) -> None:
    workspace, notion = play(answering(response))
    with pytest.raises(NotionError) as caught:
        workspace.page("p1")
    assert type(caught.value) is kind
    assert caught.value.status == response.status_code
    assert hint in caught.value.hint
    assert len(notion.calls) == 1


PASSING = [
    error(409, "conflict_error"),
    error(429, "rate_limited", headers={"retry-after": "3"}, rate_limit_reason="public_api_request_rate_limit"),
    error(429, "rate_limited", retry_after="2", rate_limit_reason="public_api_space_request_rate_limit"),
    error(429, "rate_limited"),
    html(529),
    error(529, "service_overload", headers={"retry-after": "1"}),
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("busy"),
]
UNCERTAIN = [
    error(500, "internal_server_error"),
    html(502),
    html(404),
    error(503, "service_unavailable"),
    error(503, "database_connection_unavailable"),
    html(504),
    error(504, "gateway_timeout"),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.Response(200, content=b'{"object": "page", "id'),
    httpx.Response(200, content=b""),
    httpx.Response(200, json=["not an object"]),
]


def name(value: httpx.Response | Exception) -> str:
    if isinstance(value, httpx.Response):
        return f"{value.status_code} {value.text[:60]}"
    return type(value).__name__


@pytest.mark.parametrize("failure", PASSING + UNCERTAIN, ids=name)
@pytest.mark.parametrize(
    "operation", ["page", "update", "trash", "query"], ids=lambda value: f"idempotent {value}"
)
def test_a_passing_failure_of_an_idempotent_call_is_tried_again(
    failure: httpx.Response | Exception, operation: str
) -> None:
    good = results([page("p1")]) if operation == "query" else OK
    workspace, notion = play(answering(failure, good))
    {
        "page": lambda: workspace.page("p1"),
        "update": lambda: workspace.update_page("p1", {"a": {"number": 1}}),
        "trash": lambda: workspace.trash_page("p1"),
        "query": lambda: list(workspace.changed_since("ds", None)),
    }[operation]()
    assert len(notion.calls) == 2
    assert workspace.counts().retried == 1


@pytest.mark.parametrize("failure", PASSING, ids=name)
def test_a_create_that_was_certainly_not_done_is_tried_again(failure: httpx.Response | Exception) -> None:
    workspace, notion = play(answering(failure, OK))
    assert workspace.create_page("ds", {}).id == "p1"
    assert len(notion.calls) == 2


@pytest.mark.parametrize("failure", UNCERTAIN, ids=name)
def test_a_create_that_may_have_been_done_is_not_repeated(failure: httpx.Response | Exception) -> None:
    workspace, notion = play(answering(failure))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.create_page("ds", {})
    assert caught.value.may_have_committed
    assert len(notion.calls) == 1


@pytest.mark.parametrize("failure", UNCERTAIN, ids=name)
def test_giving_up_tells_whether_something_may_have_been_saved(failure: httpx.Response | Exception) -> None:
    workspace, notion = play(answering(failure))
    with pytest.raises(NotionUnavailable) as read:
        workspace.page("p1")
    assert not read.value.may_have_committed
    assert len(notion.calls) == DEFAULT_TRIES[Failure.UNCERTAIN]
    with pytest.raises(NotionUnavailable) as written:
        workspace.update_page("p1", {"a": {"number": 1}})
    assert written.value.may_have_committed


def test_a_later_certain_failure_does_not_hide_that_an_earlier_try_may_have_been_saved() -> None:
    workspace, _ = play(answering(html(504), httpx.ConnectError("refused")))
    with pytest.raises(NotionUnavailable) as caught:
        workspace.update_page("p1", {"a": {"number": 1}})
    assert caught.value.may_have_committed
    assert "cannot be reached" in caught.value.message


@pytest.mark.parametrize(
    "body", [{}, {"results": []}, {"results": {}, "has_more": False}, page("p1"), {"has_more": False}]
)
def test_an_answer_that_is_no_listing_never_looks_like_an_empty_one(body: dict[str, object]) -> None:
    workspace, _ = play(answering(httpx.Response(200, json=body)))
    for call in (
        lambda: list(workspace.changed_since("ds", None)),
        lambda: workspace.find_by_key("ds", "k", ["a"]),
        lambda: workspace.child_databases("p"),
    ):
        with pytest.raises(NotionUnavailable):
            call()


def test_a_blocked_connection_sends_nothing_more() -> None:
    blocked = error(429, "rate_limited", "stop", rate_limit_reason="public_api_request_blocked")
    workspace, notion = play(answering(blocked, OK))
    for _ in range(3):
        with pytest.raises(ConnectionBlocked):
            workspace.page("p1")
    assert len(notion.calls) == 1


def test_the_token_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    failures = [*PASSING, *UNCERTAIN, *(response for response, _, _ in FINAL)]
    for failure in failures:
        workspace, _ = play(answering(failure))
        with pytest.raises(NotionError) as caught:
            workspace.create_page("ds", {})
        told: BaseException | None = caught.value
        while told is not None:
            assert TOKEN not in f"{told!r} {told} {getattr(told, 'hint', '')}"
            told = told.__cause__ or told.__context__
        assert TOKEN not in repr(workspace)
    assert TOKEN not in caplog.text
    assert "giving up" in caplog.text


def test_a_token_that_no_header_can_carry_is_refused_without_being_shown() -> None:
    for bad in ("", "  ", "ntn_söcret", "ntn_a\nb"):
        with pytest.raises(ConfigurationError) as caught:
            open_workspace(bad, "https://api.notion.com", 180, StagedClock())
        assert not bad.strip() or bad not in str(caught.value)


@pytest.mark.parametrize("address", ["", "api.notion.com", "ftp://x", "http://", "https://host:port"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="NOTION_API_URL"):
        open_workspace(TOKEN, address, 180, StagedClock())


def test_the_pinned_version_and_the_token_are_on_every_request() -> None:
    workspace, notion = play(answering(OK))
    workspace.page("p1")
    for request in notion.requests:
        assert request.headers["Notion-Version"] == "2026-03-11"
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert str(request.url).startswith("https://api.notion.com/v1/")
