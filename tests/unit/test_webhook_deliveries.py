"""What a webhook delivery may be: genuine or not, a hint or nothing."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync_engine.engine.continuous.webhooks import Verdict, is_genuine, read_delivery, verification_token
from sync_engine.ports.hints import Hint

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
PAGE = "153104cd-477e-809d-8dc4-ff2d96ae3090"
SOURCE = "253104cd-477e-809d-8dc4-ff2d96ae3090"


def delivery(**changes: Any) -> bytes:
    body: dict[str, Any] = {
        "id": "367cba44-b6f3-4c92-81e7-6a2e9659efd4",
        "timestamp": "2026-11-22T08:59:07.000Z",
        "workspace_id": "13950b26-c203-4f3b-b97d-93ec06319565",
        "subscription_id": "29d75c0d-5546-4414-8459-7b7a92f1fc4b",
        "integration_id": "0ef2e755-4912-8096-91c1-00376a88a5ca",
        "type": "page.properties_updated",
        "authors": [{"id": "c7c11cca-1d73-471d-9b6e-bdef51470190", "type": "person"}],
        "attempt_number": 1,
        "entity": {"id": PAGE, "type": "page"},
        "data": {
            "parent": {"id": "36cc9195", "type": "database", "data_source_id": SOURCE},
            "updated_properties": ["XGe%40"],
        },
    }
    return json.dumps({**body, **changes}).encode()


def signed(token: str, raw: bytes) -> str:
    return "sha256=" + hmac.new(token.encode(), raw, hashlib.sha256).hexdigest()


def test_a_hint_holds_ids_and_nothing_else() -> None:
    found = read_delivery(delivery(), NOW, DAY)
    assert found == Hint(
        "367cba44-b6f3-4c92-81e7-6a2e9659efd4",
        "page.properties_updated",
        PAGE,
        datetime(2026, 11, 22, 8, 59, 7, tzinfo=UTC),
        SOURCE,
        ("c7c11cca-1d73-471d-9b6e-bdef51470190",),
    )


def test_an_id_without_dashes_is_the_same_id() -> None:
    found = read_delivery(delivery(entity={"id": PAGE.replace("-", "").upper(), "type": "page"}), NOW, DAY)
    assert isinstance(found, Hint) and found.entity_id == PAGE


def test_the_signature_is_over_the_raw_body() -> None:
    raw = delivery()
    assert is_genuine("secret", raw, signed("secret", raw))
    assert not is_genuine("secret", raw + b" ", signed("secret", raw))
    assert not is_genuine("secret", raw, signed("other", raw))


@pytest.mark.parametrize("signature", ["", "sha256=", "nonsense", "sha256=" + "0" * 64, "sha256=é", "sha1=abc"])
def test_whatever_else_is_in_the_header_is_no_signature(signature: str) -> None:
    assert not is_genuine("secret", b"{}", signature)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"[]", b"null", b"{", b'"text"', b"{}", b"0" * 1000])
def test_garbage_is_garbage(raw: bytes) -> None:
    assert read_delivery(raw, NOW, DAY) is Verdict.GARBAGE
    assert verification_token(raw) == ""


@pytest.mark.parametrize(
    "changes",
    [{"id": 7}, {"id": ""}, {"type": None}, {"timestamp": "yesterday"}, {"timestamp": 5}, {"timestamp": None}],
)
def test_without_id_type_or_time_it_is_garbage(changes: dict[str, Any]) -> None:
    assert read_delivery(delivery(**changes), NOW, DAY) is Verdict.GARBAGE


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "comment.created"},
        {"type": "view.created"},
        {"type": "something.new"},
        {"entity": None},
        {"entity": []},
        {"entity": {"id": "../../x", "type": "page"}},
    ],
)
def test_what_concerns_no_table_is_ignored(changes: dict[str, Any]) -> None:
    assert read_delivery(delivery(**changes), NOW, DAY) is Verdict.IGNORED


@pytest.mark.parametrize("changes", [{"data": None}, {"data": []}, {"data": {"parent": "x"}}, {"authors": "x"}])
def test_what_is_missing_beside_the_ids_is_no_trouble(changes: dict[str, Any]) -> None:
    assert isinstance(read_delivery(delivery(**changes), NOW, DAY), Hint)


def test_the_window() -> None:
    old = (NOW - timedelta(hours=25)).isoformat()
    late = (NOW - timedelta(hours=23)).isoformat()
    ahead = (NOW + timedelta(minutes=30)).isoformat()
    assert read_delivery(delivery(timestamp=old), NOW, DAY) is Verdict.TOO_OLD
    assert read_delivery(delivery(timestamp=ahead), NOW, DAY) is Verdict.TOO_OLD
    assert isinstance(read_delivery(delivery(timestamp=late), NOW, DAY), Hint)


def test_only_the_handshake_holds_a_token() -> None:
    assert verification_token(b'{"verification_token": "secret_x"}') == "secret_x"
    assert verification_token(b'{"verification_token": 7}') == ""
    assert verification_token(delivery(verification_token="smuggled")) == ""
