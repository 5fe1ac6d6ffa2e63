"""Codecs of the properties that hold choices: checkbox, select and multi-select."""

from __future__ import annotations

from dataclasses import dataclass

from sync_engine.domain.codecs.arrays import ArrayOf
from sync_engine.domain.codecs.codec import FieldError
from sync_engine.domain.codecs.runs import utf16_units
from sync_engine.domain.codecs.scalar import ScalarCodec, content, excerpt, fitting
from sync_engine.domain.codecs.strings import matching_label
from sync_engine.domain.values import Json, JsonObject, Value

MAX_OPTION_UNITS = 100
MAX_OPTIONS_A_VALUE = 100


def option_problem(name: str) -> str:
    """Why a select option cannot have that name, or empty.

    Commas are refused by Notion. Space at the ends and line breaks are refused here: nothing promises that Notion
    keeps them, and an option that comes back trimmed would look like a person's edit.
    """
    if not name:
        return "a select option cannot be empty"
    if "," in name:
        return f"a select option cannot hold a comma: {excerpt(name)}"
    if utf16_units(name) > MAX_OPTION_UNITS:
        return f"a select option holds {MAX_OPTION_UNITS} characters: {excerpt(name)}"
    if name != name.strip() or not name.isprintable():
        return f"a select option cannot hold a line break or begin or end with a space: {excerpt(name)}"
    return ""


def options_problem(names: tuple[str, ...]) -> str:
    """Why these names cannot be the options of one property, or empty. They must differ in more than case."""
    seen: dict[str, str] = {}
    for name in names:
        if problem := option_problem(name):
            return problem
        if name.casefold() in seen:
            return f"the options {excerpt(seen[name.casefold()])} and {excerpt(name)} differ in case only"
        seen[name.casefold()] = name
    return ""


@dataclass(frozen=True, slots=True)
class CheckboxCodec(ScalarCodec):
    """A bool column in a checkbox, which has no third state: NULL is unchecked there."""

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        return bool(content(prop, "checkbox"))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        return {"checkbox": bool(value)}

    def weaken(self, value: Value) -> Value:
        """See `Codec`."""
        return bool(value)

    def problem(self, value: Value) -> str:
        """See `Codec`: both states fit."""
        return ""


@dataclass(frozen=True, slots=True)
class SelectCodec(ScalarCodec):
    """A column in a select property, by the text of its value.

    With `labels` (a CHECK list) only these are taken from Notion; without, any option is.
    """

    labels: tuple[str, ...] = ()

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        option = content(prop, "select")
        if option is None:
            return None
        name = option_name(option)
        value = self.scalar.parse(matching_label(name, self.labels) if self.labels else name)
        return fitting(value, self.problem(value))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        weak = self.weaken(value)
        return {"select": None if weak is None else {"name": self.scalar.show(weak)}}

    def weaken(self, value: Value) -> Value:
        """See `Codec`."""
        return None if value is None or self.problem(value) else value

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        if value is None:
            return ""
        name = self.scalar.show(value)
        if self.labels and name not in self.labels:
            return f"{excerpt(name)} is not in the list that the column's CHECK allows"
        return option_problem(name)

    def lift(self, value: Value) -> Value:
        """See `Codec`: an empty text is not on the list of the column's CHECK."""
        return value if self.labels else ScalarCodec.lift(self, value)


@dataclass(frozen=True, slots=True)
class MultiSelectCodec(ScalarCodec):
    """An array column in a multi-select property: a set of options, in order. NULL is the empty set there."""

    scalar: ArrayOf

    def from_notion(self, prop: Json) -> Value:
        """See `Codec`."""
        options = content(prop, "multi_select")
        if not isinstance(options, list):
            raise FieldError("the multi-select holds no list")
        value: list[Json] = [self.scalar.element.parse(option_name(option)) for option in options]
        return fitting(value, self.problem(value))

    def to_notion(self, value: Value) -> JsonObject:
        """See `Codec`."""
        weak = self.weaken(value)
        names: list[Json] = []
        for item in weak if isinstance(weak, list) else []:
            names.append({"name": self.scalar.element.show(item)})
        return {"multi_select": names}

    def weaken(self, value: Value) -> Value:
        """See `Codec`: as a whole or not at all."""
        return [] if value is None or self.problem(value) else value

    def problem(self, value: Value) -> str:
        """See `Codec`."""
        if value is None:
            return ""
        if not isinstance(value, list):
            return "the value is not a list"
        if len(value) > MAX_OPTIONS_A_VALUE:
            return f"the list has {len(value)} elements; Notion takes {MAX_OPTIONS_A_VALUE} options at once"
        if any(item is None for item in value):
            return "the list holds a NULL, which no option can stand for"
        if any(isinstance(item, list) for item in value):
            return "the list has two dimensions"
        return options_problem(tuple(self.scalar.element.show(item) for item in value))


def option_name(option: Json) -> str:
    """The name of a select option value. Raises FieldError."""
    name = option.get("name") if isinstance(option, dict) else None
    if not isinstance(name, str):
        raise FieldError("the option has no name")
    return name
