"""The two values of a conflict side by side, the base between them."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli.views.conflicts import side, when
from cli.views.marks import Marked, marked, visible
from sync_engine.domain.values import JsonObject
from sync_engine.domain.words import Span

NARROW = 60
"""Columns of a terminal below which the values are put one under the other."""

_MARKS = {"equal": ("", "", ""), "delete": ("[-", "-]", "red"), "insert": ("{+", "+}", "green")}
"""As `git diff --word-diff` and `audit history` write them, so that they can be told apart without colors."""


def differences(item: JsonObject) -> Marked:
    """The three values of a conflict, with what differs marked."""
    return marked(item["base"], side(item, "postgres").get("value"), side(item, "notion").get("value"))


def beside(item: JsonObject, values: Marked, width: int) -> RenderableType:
    """The conflict for a terminal of that width."""
    columns = _columns(item, values)
    return _stacked(columns) if width < NARROW else _table(columns)


def _columns(item: JsonObject, values: Marked) -> Sequence[tuple[Text, Text]]:
    """Heading and value of each."""
    return [
        (_heading("Postgres", when(side(item, "postgres"))), _text(values.postgres)),
        (_heading("base", "when both last agreed"), _text(values.base)),
        (_heading("Notion", when(side(item, "notion"))), _text(values.notion)),
    ]


def _heading(name: str, note: str) -> Text:
    return Text.assemble((name, "bold"), "\n", (visible(note), "dim"))


def _text(spans: Sequence[Span]) -> Text:
    text = Text()
    for span in spans:
        before, after, style = _MARKS[span.op]
        text.append(f"{before}{span.text}{after}", style)
    return text


def _table(columns: Sequence[tuple[Text, Text]]) -> Table:
    table = Table(box=box.MINIMAL, expand=True, pad_edge=False, show_edge=False, header_style="")
    for heading, _ in columns:
        table.add_column(heading, ratio=1, overflow="fold")
    table.add_row(*[value for _, value in columns])
    return table


def _stacked(columns: Sequence[tuple[Text, Text]]) -> Group:
    return Group(*[Text.assemble(heading, "\n", value, "\n", overflow="fold") for heading, value in columns])
