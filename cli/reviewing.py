"""The review of open conflicts by a person at the terminal: show one, take a key, decide it, go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from cli import editor, exits
from cli.context import Session
from cli.keyboard import listening
from cli.output import cell
from cli.views.beside import beside, differences
from cli.views.conflicts import side
from cli.views.marks import Marked, visible
from sync_engine.domain.values import Json, JsonObject
from sync_engine.engine.review.conflicts import Keep, conflict_show, merged, resolve
from sync_engine.errors import SyncEngineError, UsageError

HELP = (
    ("p", "keep the value of Postgres on both sides"),
    ("n", "keep the value of Notion on both sides"),
    ("b", "keep both, merged into one value, where the type has such a thing"),
    ("e", "write another value, in $EDITOR; closed without saving, or left empty, it decides nothing"),
    ("f", "show the values in full"),
    ("s", "skip: it stays open"),
    ("q", "quit: what was decided stays decided"),
)
_SIDES: dict[str, Keep] = {"p": "postgres", "n": "notion"}
_DONE: dict[Keep | None, str] = {
    "postgres": "Postgres kept",
    "notion": "Notion kept",
    "both-merged": "merged",
    None: "edited",
}
_QUIT = "left"


@dataclass(frozen=True, slots=True)
class _Choice:
    """A decision: whose value stays, or (None) another one; and which value that is."""

    keep: Keep | None
    value: Json


class Review:
    """One sitting. `counts` tells what became of the conflicts that were shown."""

    def __init__(self, session: Session, *, dry_run: bool) -> None:
        self._session = session
        self._output = session.output
        self._dry_run = dry_run
        self.counts: Counter[str] = Counter()

    def go_through(self, conflicts: Sequence[JsonObject]) -> None:
        """Ask about one after the other, and at the end, however it comes, say what was done.

        Raises DatabaseError and NotionError; other refusals are told, and the person is asked again.
        """
        try:
            for place, item in enumerate(conflicts, 1):
                outcome = self._until_decided(int(str(item["id"])), f"{place} of {len(conflicts)}")
                if outcome == _QUIT:
                    break
                self.counts[outcome] += 1
        except SyncEngineError:
            self.counts["failed"] += 1
            raise
        finally:
            self._say_counts(len(conflicts))

    def _until_decided(self, conflict_id: int, place: str) -> str:
        while True:
            item = conflict_show(self._session.context, conflict_id)
            if item["status"] != "open":
                self._output.text(f"{place}: conflict {conflict_id} was decided meanwhile: {_what(item)}\n")
                return "decided meanwhile"
            if outcome := _Question(self._session, item, place, dry_run=self._dry_run).outcome():
                return outcome

    def _say_counts(self, total: int) -> None:
        self.counts[_QUIT] = total - self.counts.total()
        told = ", ".join(f"{count} {what}" for what, count in self.counts.items() if count)
        if self._dry_run:
            self._output.text("dry run: nothing was changed; what would be:")
        self._output.text(f"{total} open conflict{'s' * (total != 1)}: {told}")


class _Question:
    """One conflict as it was shown, until a person has decided on just that."""

    def __init__(self, session: Session, item: JsonObject, place: str, *, dry_run: bool) -> None:
        self._session, self._output = session, session.output
        self._item, self._place, self._dry_run = item, place, dry_run
        self._id = int(str(item["id"]))
        self._full = differences(item)
        self._short = self._full.shortened()
        self._merged = self._merged_choice()
        self._draft: str | None = None

    def outcome(self) -> str:
        """What became of it; "" when it is not any more what was shown, and has to be looked at again."""
        self._show(self._short)
        if self._full != self._short:
            self._output.text("(shortened; f shows all)")
        while True:
            pressed = self._pressed()
            if pressed in ("q", ""):
                return _QUIT
            if pressed == "s":
                self._output.text()
                return "skipped"
            choice = self._choice(pressed)
            if choice is None:
                continue
            if not self._is_as_shown():
                self._output.text("it has changed since it was shown; nothing was decided, look again\n")
                return ""
            if self._decided(choice):
                return _DONE[choice.keep]

    def _show(self, values: Marked) -> None:
        item = self._item
        self._output.heading(visible(f"{self._place}: {item['table']} {item['key']} {item['field']}"))
        self._output.text(f"conflict {self._id}, {item['type']}, policy {visible(str(item['policy']))}\n")

        def draw(width: int) -> RenderableType:
            return beside(item, values, width)

        self._output.picture(draw)
        self._output.text()

    def _pressed(self) -> str:
        both = "b both merged, " if self._merged else ""
        with listening() as key:
            self._output.raw(f"p Postgres, n Notion, {both}e edit, s skip, q quit, ? help > ")
            pressed = key()
        self._output.text(pressed if pressed.isprintable() else "")
        return pressed

    def _choice(self, pressed: str) -> _Choice | None:
        """What the key stands for; None, with a word about it, when it decides nothing."""
        if pressed in _SIDES:
            return _Choice(_SIDES[pressed], side(self._item, _SIDES[pressed]).get("value"))
        if pressed == "e":
            return self._edited()
        if pressed == "b":
            if self._merged is None:
                self._output.text("these two values cannot be merged into one")
            return self._merged
        if pressed == "f":
            self._show(self._full)
            return None
        if pressed != "?":
            self._output.text("no such key; one at a time:")
        self._output.fields(HELP)
        return None

    def _merged_choice(self) -> _Choice | None:
        try:
            return _Choice("both-merged", merged(self._session.context, self._id))
        except UsageError:
            return None

    def _edited(self) -> _Choice | None:
        """What the person wrote; what could not be used is there again at the next try."""
        sides = [side(self._item, name).get("value") for name in ("postgres", "notion")]
        plain = editor.is_plain(sides)
        before = self._draft
        if before is None:
            before = editor.draft_of(self._merged.value if self._merged else sides[0], plain=plain)
        try:
            after = editor.edited(before, plain=plain)
            if after is None:
                self._output.text("nothing was saved, nothing was decided")
                return None
            self._draft = after
            return _Choice(None, editor.value_of(after, plain=plain))
        except UsageError as error:
            self._refused(error)
            return None

    def _is_as_shown(self) -> bool:
        now = conflict_show(self._session.context, self._id)
        return all(now[name] == self._item[name] for name in ("status", "base", "postgres", "notion"))

    def _decided(self, choice: _Choice) -> bool:
        if self._dry_run:
            self._output.text(f"would put on both sides: {visible(cell(choice.value))}\n")
            return True
        session = self._session
        try:
            done = resolve(session.context, self._id, keep=choice.keep, value=choice.value, who=session.who)
        except SyncEngineError as error:
            if error.exit_code in (exits.DATABASE, exits.NOTION):
                raise
            self._refused(error)
            return False
        self._output.text(f"{_what(done)}: {visible(cell(choice.value))}\n")
        return True

    def _refused(self, error: SyncEngineError) -> None:
        self._output.text(f"not decided: {visible(str(error))}")


def _what(item: JsonObject) -> str:
    """Who put which value on both sides: the reason, without what the policy had said before."""
    return visible(str(item["reason"]).partition("; before: ")[0])
