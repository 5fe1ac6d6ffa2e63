"""What a tree is worth on one page."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime

from sync_engine.sandbox.formulas.functions import called
from sync_engine.sandbox.formulas.tree import Calling, Literal, Name, Operation, Reference, Sign, Tree
from sync_engine.sandbox.formulas.values import Moment, Unsupported, Value, number, text, truth

Lookup = Callable[[str], Value]

_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "*": operator.mul,
    "^": operator.pow,
}


class Evaluation:
    """Evaluates trees. `lookup` gives a property's value by its decoded id; `now` is the clock's time."""

    def __init__(self, lookup: Lookup, now: datetime) -> None:
        self._lookup = lookup
        self._now = now

    def value(self, tree: Tree) -> Value:
        """Return the value of a tree. Raises Unsupported."""
        match tree:
            case Literal(value, _):
                return value
            case Reference(property_id, _):
                return self._lookup(property_id)
            case Calling(name, arguments, _):
                return self._call(name, arguments)
            case Operation(sign, left, right):
                return self._operation(sign, left, right)
            case Sign("-", operand):
                return -number(self.value(operand))
            case Sign(_, operand):
                return not truth(self.value(operand))
            case Name(name):
                raise Unsupported(name)

    def _call(self, name: str, arguments: tuple[Tree, ...]) -> Value:
        if name == "now":
            return Moment(self._now.replace(second=0, microsecond=0))
        if name == "if" and len(arguments) == 3:
            return self.value(arguments[1] if truth(self.value(arguments[0])) else arguments[2])
        if name in ("and", "or"):
            held = (truth(self.value(each)) for each in arguments)
            return all(held) if name == "and" else any(held)
        return called(name, [self.value(each) for each in arguments])

    def _operation(self, sign: str, left: Tree, right: Tree) -> Value:
        if sign in ("and", "&&"):
            return truth(self.value(left)) and truth(self.value(right))
        if sign in ("or", "||"):
            return truth(self.value(left)) or truth(self.value(right))
        first, second = self.value(left), self.value(right)
        if sign in ("==", "!="):
            return _same(first, second) is (sign == "==")
        if sign in _ORDER:
            return _ordered(sign, first, second)
        if sign == "+" and (isinstance(first, str) or isinstance(second, str)):
            return text(first) + text(second)
        return _calculated(sign, number(first), number(second))


def _same(first: Value, second: Value) -> bool:
    if isinstance(first, Moment) and isinstance(second, Moment):
        return first.at == second.at
    return first == second or (first in (None, "") and second in (None, ""))


def _ordered(sign: str, first: Value, second: Value) -> bool:
    if isinstance(first, str) and isinstance(second, str):
        return _ORDER[sign](float(first > second), float(second > first))
    if first is None or second is None:
        return False
    return _ORDER[sign](number(first), number(second))


def _calculated(sign: str, first: float, second: float) -> Value:
    if sign == "+":
        return first + second
    if sign in ("/", "%"):
        if not second:
            return None
        return first / second if sign == "/" else first - second * int(first / second)
    return _ARITHMETIC[sign](first, second)
