"""The syntax tree of a formula, and its text as Notion writes it back.

Recorded: arguments are joined by a comma and a space, operators have spaces, an operation inside another
operation has parentheses and no other place has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text or truth value, with the source text of a number kept."""

    value: float | str | bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A property, by its decoded id; `token` is how it is written back."""

    property_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Name:
    """A bare word that is no function call."""

    name: str


@dataclass(frozen=True, slots=True)
class Calling:
    """`name(arguments)`, or `target.name(arguments)` when `method`; then the target is the first argument."""

    name: str
    arguments: tuple[Tree, ...]
    method: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """Two sides and an operator."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Sign:
    """`-x`, `!x` or `not x`."""

    operator: str
    operand: Tree


Tree = Literal | Reference | Name | Calling | Operation | Sign


def written(tree: Tree) -> str:
    """Return the text of a tree."""
    match tree:
        case Literal(value, source):
            return source or json.dumps(value, ensure_ascii=False)
        case Reference(_, token):
            return token
        case Name(name):
            return name
        case Calling(name, arguments, method):
            texts = [written(each) for each in arguments]
            if method:
                return f"{texts[0]}.{name}({', '.join(texts[1:])})"
            return f"{name}({', '.join(texts)})"
        case Operation(operator, left, right):
            return f"{_inside(left)} {operator} {_inside(right)}"
        case Sign(operator, operand):
            gap = " " if operator == "not" else ""
            return f"{operator}{gap}{_inside(operand)}"


def _inside(tree: Tree) -> str:
    text = written(tree)
    return f"({text})" if isinstance(tree, Operation) else text
