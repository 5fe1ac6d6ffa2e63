"""The only printer: results on stdout as tables or as one JSON document, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO

import click
import orjson
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from cli.options import GlobalOptions
from cli.progress import Progress, no_bar
from sync_engine.domain.values import Json, JsonObject

CELL = 60
"""Characters of a value shown in a table; `show` and --json have all of it."""


COPIED = frozenset({"id", "key", "run", "name"})
"""Columns that people copy from: never broken over two lines."""


class Output:
    """What a command says. `document` is the last result, whether it was printed as JSON or as tables."""

    def __init__(self, options: GlobalOptions, environment: Mapping[str, str]) -> None:
        self._options = options
        self._plain = options.no_color or bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
        self._progress: Progress | None = None
        self.document: Json = None
        self.printed_json = False

    @property
    def as_json(self) -> bool:
        """Whether stdout belongs to JSON."""
        return self._options.json

    def result(self, document: Json, human: Callable[[], None]) -> None:
        """The result of the command: one document, or what `human` prints of it."""
        self.document = document
        if self.as_json:
            self._json(document)
        elif not self._options.quiet:
            human()

    def stream(self, documents: Iterable[JsonObject]) -> None:
        """An array of documents, written while it is read; it is complete JSON only at its end."""
        opened = False
        for document in documents:
            self._write((",\n " if opened else "[") + orjson.dumps(document).decode())
            opened = self.printed_json = True
        self._write("]\n" if opened else "[]\n")
        self.printed_json = True

    def text(self, line: str = "") -> None:
        """A line for a person on stdout; not with --json or --quiet."""
        if not self.as_json and not self._options.quiet:
            self._write(line + "\n")

    def raw(self, text: str) -> None:
        """Output that is itself the result (DDL, CSV), exactly as it is."""
        self._write(text)

    def heading(self, line: str) -> None:
        """A line that stands out."""
        if not self.as_json and not self._options.quiet:
            self._write(click.style(line, bold=True) + "\n" if self._colored(sys.stdout) else line + "\n")

    def note(self, line: str) -> None:
        """A remark on stderr; not with --quiet."""
        if not self._options.quiet:
            self._clear_progress()
            click.echo(line, err=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Json]], *, empty: str = "") -> None:
        """A table; `empty` is said instead of one without rows. Not with --json or --quiet."""
        if self.as_json or self._options.quiet:
            return
        cells = [[cell(value) for value in row] for row in rows]
        if not cells:
            self.text(empty)
        elif self._colored(sys.stdout):
            self._write(_rich(columns, cells))
        else:
            self._write(_plain(columns, cells))

    def lines(self, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[Json]]) -> None:
        """A table of fixed widths, written while it is read; a longer value pushes the rest of its line."""
        if self.as_json or self._options.quiet:
            return
        widths = [width for _, width in columns]
        self._write(_aligned([name.upper() for name, _ in columns], widths))
        for row in rows:
            self._write(_aligned([cell(value) for value in row], widths))

    def fields(self, pairs: Iterable[tuple[str, Json]]) -> None:
        """Names and values, one a line, with the values in full."""
        shown = [(name, whole(value)) for name, value in pairs]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            first, *rest = value.split("\n")
            self.text(f"{name.ljust(width)}  {first}".rstrip())
            for line in rest:
                self.text(f"{' ' * width}  {line}".rstrip())

    def picture(self, draw: Callable[[int], RenderableType]) -> None:
        """What `draw` makes for the terminal's width, on stdout; not with --json or --quiet."""
        if self.as_json or self._options.quiet:
            return
        console = Console(file=sys.stdout, color_system="auto" if self._colored(sys.stdout) else None)
        with console.capture() as captured:
            console.print(draw(console.width))
        self._write(captured.get())

    def error(self, line: str, document: JsonObject) -> None:
        """The one line of an error on stderr; with --json its document on stdout, unless a result is there."""
        self._clear_progress()
        label = click.style("error:", fg="red", bold=True) if self._colored(sys.stderr) else "error:"
        click.echo(f"{label} {line}", err=True)
        if self.as_json and not self.printed_json:
            self._json({"error": document})

    def detail(self, text: str) -> None:
        """More about an error, on stderr, even with --quiet: it was asked for."""
        click.echo(text, err=True)

    def confirm(self, question: str) -> bool:
        """Ask on the terminal; the caller has made sure that there is one."""
        self._clear_progress()
        return click.confirm(question, default=False, err=True)

    def progress(self, what: str, done: int, total: int) -> None:
        """A step of something long: a bar on stderr, when it is a terminal and it lasts."""
        if self._progress is None:
            live = not self._options.quiet and sys.stderr.isatty()
            self._progress = Progress(Console(file=sys.stderr, no_color=self._plain)) if live else no_bar()
        self._progress.report(what, done, total)

    def close(self) -> None:
        """Leave the terminal as it was and send out what is buffered."""
        self._clear_progress()
        sys.stdout.flush()

    def _json(self, document: Json) -> None:
        self._write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
        self.printed_json = True

    def _write(self, text: str) -> None:
        self._clear_progress()
        click.echo(text, nl=False)

    def _clear_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _colored(self, stream: TextIO) -> bool:
        return stream.isatty() and not self._plain


def whole(value: Json) -> str:
    """A value in full, as text: strings as they are, nothing as a dash, the rest as JSON."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def cell(value: Json) -> str:
    """A value on one line of at most `CELL` characters."""
    text = " ".join(whole(value).split()) if value != "" else '""'
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by blanks, never cut to a width: for pipes, logs and `grep`."""
    widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
    return "".join(_aligned(row, widths) for row in [[name.upper() for name in columns], *rows])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n"


def _rich(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(columns):
        numbers = all(row[index].lstrip("-").isdigit() for row in rows)
        table.add_column(name, overflow="fold", no_wrap=name in COPIED, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*[Text(text) for text in row])
    console = Console(file=sys.stdout)
    with console.capture() as captured:
        console.print(table)
    return captured.get()
