"""The functions a formula may call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sync_engine.sandbox.formulas.values import (
    Moment,
    Unsupported,
    Value,
    between,
    from_timestamp,
    moment,
    number,
    shifted,
    text,
    truth,
)

Function = Callable[[Sequence[Value]], Value]

_TOKENS = (
    ("YYYY", "%Y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("Y", "%Y"),
    ("W", "%V"),
    ("D", "%-d"),
)


def _to_number(values: Sequence[Value]) -> Value:
    first = values[0]
    if isinstance(first, str):
        try:
            return float(first)
        except ValueError:
            return None
    return None if first is None else number(first)


def _formatted(values: Sequence[Value]) -> Value:
    """Return a date in a pattern of moment.js, of which a few letters are known; day of week for a lone `d`."""
    at, pattern = moment(values[0]).at, text(values[1])
    made, rest = "", pattern
    while rest:
        for letters, code in _TOKENS:
            if rest.startswith(letters):
                made, rest = made + at.strftime(code), rest[len(letters) :]
                break
        else:
            made, rest = made + rest[0], rest[1:]
    return made


def _includes(values: Sequence[Value]) -> Value:
    held, wanted = values
    if isinstance(held, list):
        return wanted in held
    return text(wanted) in text(held)


def _length(values: Sequence[Value]) -> Value:
    first = values[0]
    return float(len(first)) if isinstance(first, (str, list)) else 0.0


def _shift(sign: int) -> Function:
    def apply(values: Sequence[Value]) -> Value:
        if values[0] is None:
            return None
        return shifted(moment(values[0]), sign * number(values[1]), text(values[2]))

    return apply


def _between(values: Sequence[Value]) -> Value:
    if values[0] is None or values[1] is None:
        return None
    return between(moment(values[0]), moment(values[1]), text(values[2]))


def _part(name: str) -> Function:
    def apply(values: Sequence[Value]) -> Value:
        return None if values[0] is None else float(getattr(moment(values[0]).at, name))

    return apply


def _numeric(function: Callable[[float], float]) -> Function:
    return lambda values: None if values[0] is None else float(function(number(values[0])))


def _choose(pick: Callable[[list[float]], float]) -> Function:
    return lambda values: pick([number(each) for each in values])


def _empty(values: Sequence[Value]) -> Value:
    first = values[0]
    return not truth(first) and not isinstance(first, Moment)


FUNCTIONS: dict[str, Function] = {
    "empty": _empty,
    "not": lambda values: not truth(values[0]),
    "format": lambda values: text(values[0]),
    "toNumber": _to_number,
    "length": _length,
    "includes": _includes,
    "contains": _includes,
    "concat": lambda values: "".join(text(each) for each in values),
    "lower": lambda values: text(values[0]).lower(),
    "upper": lambda values: text(values[0]).upper(),
    "trim": lambda values: text(values[0]).strip(),
    "abs": _numeric(abs),
    "floor": _numeric(math.floor),
    "ceil": _numeric(math.ceil),
    "round": _numeric(lambda value: math.floor(value + 0.5)),
    "min": _choose(min),
    "max": _choose(max),
    "sum": _choose(sum),
    "add": lambda values: number(values[0]) + number(values[1]),
    "subtract": lambda values: number(values[0]) - number(values[1]),
    "multiply": lambda values: number(values[0]) * number(values[1]),
    "dateAdd": _shift(1),
    "dateSubtract": _shift(-1),
    "dateBetween": _between,
    "formatDate": _formatted,
    "fromTimestamp": lambda values: from_timestamp(values[0]),
    "timestamp": lambda values: number(moment(values[0])),
    "hour": _part("hour"),
    "minute": _part("minute"),
    "year": _part("year"),
    "date": _part("day"),
}


def called(name: str, values: Sequence[Value]) -> Value:
    """Return what a function gives. Raises Unsupported for an unknown one or wrong arguments."""
    if name not in FUNCTIONS:
        raise Unsupported(name)
    try:
        return FUNCTIONS[name](values)
    except (IndexError, ValueError, OverflowError) as error:
        raise Unsupported(name) from error
