"""The pure parts of the local Notion."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync_engine.sandbox.apierrors import ApiError
from sync_engine.sandbox.clock import SandboxClock, database_time, minute_floor, page_time
from sync_engine.sandbox.formulas.evaluation import Evaluation
from sync_engine.sandbox.formulas.reader import NotAFormula, Reader
from sync_engine.sandbox.formulas.tree import Reference, written
from sync_engine.sandbox.formulas.values import Moment, Unsupported, Value
from sync_engine.sandbox.ids import IdSource, decoded, encoded
from sync_engine.sandbox.model import Page, Parent, Setting
from sync_engine.sandbox.ratelimit import RateLimit
from sync_engine.sandbox.richtext import plain_text, runs_in, split_plain
from sync_engine.sandbox.store import Store
from sync_engine.sandbox.validation import utf16_length, uuid_or_none

NOW = datetime(2026, 6, 27, 17, 1, 40, tzinfo=UTC)


def page(number: int, edited: int = 0, *, in_trash: bool = False, source: str = "s") -> Page:
    parent = Parent("data_source_id", source)
    return Page(f"p{number}", parent, 0, edited, "u", "u", number, in_trash=in_trash)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("38c9ce7b60a48170940bd75e4e9f53a1", "38c9ce7b-60a4-8170-940b-d75e4e9f53a1"),
        ("38C9CE7B-60A4-8170-940B-D75E4E9F53A1", "38c9ce7b-60a4-8170-940b-d75e4e9f53a1"),
        ("0" * 32, "00000000-0000-0000-0000-000000000000"),
        ("12345678-1234-1234-1234-123456789abc", None),
        ("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", None),
        ("foo-bar", None),
        (None, None),
    ],
)
def test_uuids_as_notion_takes_them(given: str | None, shown: str | None) -> None:
    assert uuid_or_none(given) == shown


@pytest.mark.parametrize(("inner", "outer"), [("[VHf", "%5BVHf"), ("~ak@", "~ak%40"), ("WYH:", "WYH%3A")])
def test_property_ids_are_encoded_as_recorded(inner: str, outer: str) -> None:
    assert (encoded(inner), decoded(outer)) == (outer, inner)


def test_ids_repeat_with_a_seed_and_avoid_the_taken() -> None:
    assert IdSource(3).uuid() == IdSource(3).uuid() != IdSource(4).uuid()
    assert uuid_or_none(IdSource().uuid())
    made: set[str] = set()
    source = IdSource(1)
    for _ in range(200):
        made.add(source.property_id(made))
    assert len(made) == 200


def test_times() -> None:
    clock = SandboxClock(lambda: NOW)
    assert page_time(minute_floor(clock.milliseconds())) == "2026-06-27T17:01:00.000Z"
    assert database_time(clock.milliseconds()) == "2026-06-27T17:01:40.000+00:00"
    clock.advance(-100)
    assert clock.now().minute == 0


def test_text_is_counted_and_cut_in_utf16() -> None:
    assert [utf16_length(each) for each in ("abc", "é", "🔴", "a🔴")] == [3, 1, 2, 3]
    content = "🔴" * 1500 + "x"
    pieces = split_plain(content)
    assert [utf16_length(each["text"]["content"]) for each in pieces] == [2000, 1001]
    assert plain_text(runs_in("body", pieces)) == content
    assert split_plain("") == []


def test_a_budget_belongs_to_a_connection_and_a_window() -> None:
    limit = RateLimit(2)
    for moment in (0, 59_999):
        limit.take("a", moment)
    with pytest.raises(ApiError) as refused:
        limit.take("a", 59_999)
    assert refused.value.headers == {"retry-after": "1"}
    limit.take("b", 59_999)
    limit.take("a", 60_000)
    RateLimit(None).take("a", 0)


def test_a_rollback_takes_everything_back() -> None:
    store = Store()
    store.put(page(1))
    store.commit()
    store.put(page(1, in_trash=True))
    store.put(page(2))
    store.put(Setting("x", 1))
    store.rollback()
    assert store.find(Page, "p2") is None
    assert store.setting("x") is None
    assert [each for _, each in store.order("s").by_creation] == ["p1"]
    assert store.order("s").hidden == set()
    assert store.commit() is False


def test_orders_follow_every_change() -> None:
    store = Store()
    for number in (1, 2, 3):
        store.put(page(number, edited=100 - number))
    assert [each for _, each in store.order("s").by_edit] == ["p3", "p2", "p1"]
    store.put(page(3, edited=500))
    assert [each for _, each in store.order("s").by_edit] == ["p2", "p1", "p3"]
    store.put(page(2, in_trash=True))
    assert store.order("s").hidden == {"p2"}
    store.put(page(1, source="other"))
    store.delete(Page, "p3")
    assert store.order("s").by_creation == store.order("s").by_edit == []
    assert len(store.order("other").by_creation) == 1


PROPERTIES: dict[str, Value] = {
    "n": 4.0,
    "t": "Item",
    "none": None,
    "tags": ["Done", "New"],
    "day": Moment(datetime(2026, 6, 20, tzinfo=UTC), dated=True),
}


def evaluated(text: str) -> Value:
    tree = Reader(text, lambda name: Reference(name, f"<{name}>")).read()
    return Evaluation(lambda name: PROPERTIES[name], NOW).value(tree)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-2 ^ 2", 4.0),
        ("7 % 3", 1.0),
        ("1 / 0", None),
        ('prop("n") * 2', 8.0),
        ('prop("t") + "!"', "Item!"),
        ('prop("tags").includes("Done")', True),
        ('prop("tags").length()', 2.0),
        ('empty(prop("none"))', True),
        ('if(prop("n") > 3, "big", "small")', "big"),
        ('prop("none") > 3', False),
        ("not true or 1 == 1", True),
        ('dateBetween(now(), prop("day"), "days")', 7),
        ('dateBetween(prop("day"), now(), "weeks")', -1),
        ('formatDate(prop("day"), "YYYY-MM-DD")', "2026-06-20"),
        ('format(4.0) + format(true) + format(prop("tags"))', "4trueDone, New"),
        ('toNumber("x")', None),
        ("round(2.5) + floor(-1.5) + abs(-3) + ceil(0.2)", 5.0),
        ('hour(dateAdd(now(), 3, "hours"))', 20.0),
    ],
)
def test_formulas(text: str, value: Value) -> None:
    assert evaluated(text) == value


@pytest.mark.parametrize("text", ['sqrt("x")', "unknown(1)", "a", '-"x"', 'hour("x")'])
def test_formulas_beyond_the_evaluator(text: str) -> None:
    with pytest.raises(Unsupported):
        evaluated(text)


@pytest.mark.parametrize("text", ["= 1", "1 +", '"open', "(1", "1 2", "@"])
def test_texts_that_are_no_formula(text: str) -> None:
    with pytest.raises(NotAFormula):
        Reader(text, lambda name: None).read()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            '50000 + dateBetween(prop("d"), now(), "years")*1000',
            '50000 + (dateBetween(<d>, now(), "years") * 1000)',
        ),
        ('if((prop("s") == "Done"), "✅", (""))', 'if(<s> == "Done", "✅", "")'),
        ('prop("a").includes("x")', '<a>.includes("x")'),
        ("-1 * (2)", "-1 * 2"),
    ],
)
def test_formulas_are_written_back_as_recorded(text: str, shown: str) -> None:
    assert written(Reader(text, lambda name: Reference(name, f"<{name}>")).read()) == shown
