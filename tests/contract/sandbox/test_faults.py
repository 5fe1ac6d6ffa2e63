"""Faults, budget, access and the control endpoints (notion-api.md 5, 11)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sync_engine.errors import UsageError
from sync_engine.sandbox import Fault, Sandbox
from tests.support.sandbox_api import Api, text


def create(api: Api, source: str) -> httpx.Response:
    return api.send("POST", "pages", {"parent": {"data_source_id": source}, "properties": {}})


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("rate_limited", 429, "rate_limited"),
        ("workspace_rate_limited", 429, "rate_limited"),
        ("endpoint_rate_limited", 429, "rate_limited"),
        ("blocked", 429, "rate_limited"),
        ("conflict", 409, "conflict_error"),
        ("row_limit", 409, "row_limit_exceeded"),
        ("internal_error", 500, "internal_server_error"),
        ("unavailable", 503, "service_unavailable"),
        ("gateway_timeout", 504, "gateway_timeout"),
        ("overload", 529, "service_overload"),
        ("unauthorized", 401, "unauthorized"),
        ("not_found", 404, "object_not_found"),
        ("restricted", 403, "restricted_resource"),
    ],
)
def test_faults_before_the_commit(api: Api, fault: str, status: int, code: str) -> None:
    _, source = api.database()
    api.sandbox.fail_next("POST", "/v1/pages$", fault)
    answer = create(api, source)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.query(source)["results"] == []
    assert create(api, source).status_code == 200


def test_reasons_of_a_429(api: Api) -> None:
    wanted = {
        "rate_limited": "public_api_request_rate_limit",
        "workspace_rate_limited": "public_api_space_request_rate_limit",
        "endpoint_rate_limited": "public_api_endpoint_rate_limit",
        "blocked": "public_api_request_blocked",
    }
    for fault, reason in wanted.items():
        api.sandbox.fail_next("*", "", Fault(fault, 75))
        answer = api.send("GET", "users/me")
        assert answer.headers["retry-after"] == "75"
        assert answer.json()["additional_data"] == {"rate_limit_reason": reason, "retry_after": "75"}


def test_502_is_html_without_a_request_id(api: Api) -> None:
    api.sandbox.fail_next("GET", "users", "bad_gateway")
    answer = api.send("GET", "users/me")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert "x-notion-request-id" not in answer.headers


def test_503_after_commit_names_what_was_made(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    api.sandbox.fail_next("POST", "/v1/pages$", "unavailable_after_commit")
    answer = create(api, source).json()
    made = api.query(source)["results"][0]
    assert answer["additional_data"]["committed_resource_id"] == made["id"]
    assert "Do not repeat the write." in answer["additional_data"]["retry_guidance"]
    api.sandbox.fail_next("PATCH", "pages", "unavailable_after_commit")
    body = {"properties": {"Score": {"number": 5}}}
    refusal = api.refused("PATCH", f"pages/{made['id']}", body, 503)
    assert "committed_resource_id" not in refusal["additional_data"]
    assert api.ok("GET", f"pages/{made['id']}")["properties"]["Score"]["number"] == 5


def test_503_after_an_append_names_the_children(api: Api) -> None:
    page = api.sandbox.parent_page_id
    api.sandbox.fail_next("PATCH", "children", "unavailable_after_commit")
    body = {"children": [{"paragraph": {"rich_text": text("a")}}]}
    told = api.refused("PATCH", f"blocks/{page}/children", body, 503)["additional_data"]
    made = [each["id"] for each in api.ok("GET", f"blocks/{page}/children")["results"]]
    assert (told["committed_resource_id"], told["committed_child_ids"]) == (page, made)


@pytest.mark.parametrize(
    ("fault", "saved"), [("drop_before", 0), ("drop_after", 1), ("gateway_timeout_after_commit", 1)]
)
def test_lost_replies(api: Api, fault: str, saved: int) -> None:
    _, source = api.database()
    api.sandbox.fail_next("POST", "/v1/pages$", fault)
    if fault.startswith("drop"):
        with pytest.raises(httpx.TransportError):
            create(api, source)
    else:
        assert create(api, source).status_code == 504
    assert len(api.query(source)["results"]) == saved
    logged = api.sandbox.requests.matching("POST", "/v1/pages")[0]
    assert (logged.fault, logged.committed) == (fault, bool(saved))


def test_latency_answers_late_but_right(api: Api) -> None:
    api.sandbox.fail_next("GET", "users/me", Fault("latency", 0.01))
    assert api.send("GET", "users/me").status_code == 200


def test_a_stale_query_answers_as_it_would_have(api: Api) -> None:
    _, source = api.database({"Score": {"number": {}}})
    page = api.row(source, "x", Score={"number": 1})["id"]
    api.sandbox.advance(60)
    api.ok("PATCH", f"pages/{page}", {"properties": {"Score": {"number": 2}}})
    api.row(source, "new")
    api.sandbox.fail_next("POST", "query", Fault("stale", 30))
    stale = api.query(source)["results"]
    assert [each["properties"]["Score"]["number"] for each in stale] == [1]
    assert len(api.query(source)["results"]) == 2


def test_rules_skip_and_repeat(api: Api) -> None:
    api.sandbox.fail_next("GET", "users", "conflict", times=2, skip=1)
    statuses = [api.send("GET", "users/me").status_code for _ in range(4)]
    assert statuses == [200, 409, 409, 200]


def test_an_unknown_fault_is_refused_with_the_list(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="drop_after"):
        sandbox.fail_next("GET", "", "thunder")


def test_the_budget_of_a_minute(api: Api) -> None:
    api.sandbox.workspace.limit.per_minute = 3
    statuses = [api.send("GET", "users/me").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert api.as_person().send("GET", "users/me").status_code == 200
    api.sandbox.advance(20)
    refusal = api.send("GET", "users/me")
    assert refusal.headers["retry-after"] == "40"
    assert refusal.json()["message"] == "You have been rate limited. Please try again in a few minutes."
    assert refusal.json()["additional_data"]["rate_limit_reason"] == "public_api_request_rate_limit"
    api.sandbox.advance(40)
    assert api.send("GET", "users/me").status_code == 200


def test_the_page_is_not_limited(api: Api) -> None:
    api.sandbox.workspace.limit.per_minute = 1
    assert [httpx.get(api.sandbox.url).status_code for _ in range(5)] == [200] * 5


def test_revoked_access_is_a_404_for_all_below(api: Api) -> None:
    database, source = api.database()
    page = api.row(source, "x")["id"]
    api.sandbox.revoke_access(database)
    for path in (f"databases/{database}", f"data_sources/{source}", f"pages/{page}", f"blocks/{page}"):
        assert api.refused("GET", path, status=404)["code"] == "object_not_found"
    api.refused("POST", f"data_sources/{source}/query", {}, 404)
    assert api.ok("POST", "search", {"query": "x"})["results"] == []
    api.sandbox.restore_access(database)
    assert api.ok("GET", f"pages/{page}")["id"] == page


def test_every_request_is_logged(api: Api) -> None:
    api.sandbox.clear_requests()
    api.database()
    api.refused("GET", "nowhere")
    last = api.sandbox.requests[-1]
    assert (last.method, last.path, last.status, last.code) == ("GET", "/v1/nowhere", 400, "invalid_request_url")
    made = api.sandbox.requests[0]
    assert (made.body["title"], made.committed, made.user) == (
        text("Things"),
        True,
        api.ok("GET", "users/me")["id"],
    )
    assert len(api.sandbox.requests) == 3


def control(sandbox: Sandbox, method: str, name: str, body: Any = None) -> Any:
    answer = httpx.request(method, f"{sandbox.url}/_sandbox/{name}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_control_over_http(api: Api) -> None:
    sandbox = api.sandbox
    rule = {"method": "GET", "path": "users", "fault": "overload", "seconds": 7, "times": 1}
    assert control(sandbox, "POST", "faults", rule)["rules"][0]["fault"] == "overload"
    assert api.send("GET", "users/me").headers["retry-after"] == "7"
    assert control(sandbox, "GET", "requests")["requests"][-1]["status"] == 529
    assert control(sandbox, "DELETE", "requests") == {"requests": []}
    assert control(sandbox, "POST", "clock", {"advance": 60})["now"].startswith("2026-06-27T17:02:15")
    assert control(sandbox, "POST", "access", {"revoke": sandbox.parent_page_id})["revoked"]
    api.refused("GET", f"pages/{sandbox.parent_page_id}", status=404)
    assert control(sandbox, "POST", "access", {"grant": sandbox.parent_page_id})["revoked"] == []
    assert control(sandbox, "POST", "limits", {"requests_per_minute": 1})["requests_per_minute"] == 1
    assert control(sandbox, "POST", "chaos", {"seed": 4, "share": 1})["chaos"] is True
    assert control(sandbox, "DELETE", "faults") == {"rules": []}
    assert control(sandbox, "GET", "chaos") == {"chaos": False}


def test_control_takes_json_only(sandbox: Sandbox) -> None:
    sneaky = {"content-type": "text/plain"}
    address = f"{sandbox.url}/_sandbox/clock"
    assert httpx.post(address, content='{"advance": 60}', headers=sneaky).status_code == 415
    assert httpx.post(f"{sandbox.url}/_sandbox/faults", json={"fault": "thunder"}).status_code == 400
    assert httpx.post(f"{sandbox.url}/_sandbox/faults", json={"times": 1}).status_code == 400


def test_chaos_is_the_same_for_the_same_seed() -> None:
    def faults(seed: int) -> list[str | None]:
        with Sandbox.start(requests_per_minute=None, chaos=seed) as sandbox, httpx.Client() as client:
            api = Api(sandbox, client)
            for _ in range(60):
                try:
                    api.send("GET", "users/me")
                except httpx.TransportError:
                    continue
            return [entry.fault for entry in sandbox.requests]

    first = faults(5)
    assert first == faults(5)
    assert first != faults(6)
    assert any(first)
    assert first.count(None) > 40
