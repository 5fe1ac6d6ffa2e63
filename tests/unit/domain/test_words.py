"""Differences word by word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_engine.domain.words import COMPARED, Span, spans

TEXTS = st.text(alphabet="ab \n.", max_size=40)


def test_a_word_that_was_replaced() -> None:
    assert spans("be very kind", "be quite kind") == [
        Span("equal", "be "),
        Span("delete", "very"),
        Span("insert", "quite"),
        Span("equal", " kind"),
    ]


@given(TEXTS, TEXTS)
def test_the_spans_give_back_both_texts(before: str, after: str) -> None:
    found = spans(before, after)
    assert "".join(span.text for span in found if span.op != "insert") == before
    assert "".join(span.text for span in found if span.op != "delete") == after


def test_texts_too_long_to_compare_are_replaced_as_a_whole() -> None:
    long = "a" * (COMPARED + 1)
    assert spans(long, "b") == [Span("delete", long), Span("insert", "b")]
