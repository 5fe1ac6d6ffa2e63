"""Which database this is: what counts as restored, moved or copied, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync_engine.domain.home import Evidence, Home, Position, restored

HERE = Home("i", system_id="7001", database=5, timeline="00000001")
KEPT = Position("i", link=3, hash="aa", seq=40)
SAME = Evidence(known=HERE, here=HERE, kept=KEPT, hash_now="aa")


def test_the_database_that_the_engine_left() -> None:
    assert restored(SAME) == ""
    assert restored(replace(SAME, kept=None, hash_now="")) == ""


def test_the_first_start_and_a_server_that_hides_its_identifier_prove_nothing() -> None:
    assert restored(Evidence(known=Home("i"), here=HERE)) == ""
    assert restored(replace(SAME, here=replace(HERE, system_id=""))) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"here": replace(HERE, system_id="7002")}, "another server"),
        ({"here": replace(HERE, database=6)}, "another database"),
        ({"hash_now": ""}, "lacks link 3"),
        ({"hash_now": "bb"}, "lacks link 3"),
        ({"ids_went_back": True}, "earlier point"),
        ({"here": replace(HERE, timeline="00000002"), "kept": None, "hash_now": ""}, "timeline"),
    ],
)
def test_what_counts_as_restored(changed: dict[str, object], why: str) -> None:
    assert why in restored(replace(SAME, **changed))  # type: ignore[arg-type]


def test_a_failover_that_lost_nothing_is_no_restore() -> None:
    assert restored(replace(SAME, here=replace(HERE, timeline="00000002"))) == ""
