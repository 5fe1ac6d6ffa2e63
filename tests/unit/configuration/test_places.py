"""Lines of keys in a TOML text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_engine.configuration.places import line_numbers

TEXT = (
    """# [not.a.header]
version = 1
a.b.c = "x # no comment" # a comment with [brackets] and = signs
"quoted key" = 'it"""
    + """'s
text = \"\"\"
[no.header]
x = 1 \"quoted\" \\\"\"\"
\"\"\"
after = 1
list = [ # here
  1, { deep = 2, "q" = [3] },

  'x',
]

[[tables]]
name = "one"
[tables.fields.tier]   # comment
type = "select"
[[tables]]
name = "two"
[tables.fields."odd name"]
when = 2024-05-06T07:08:09Z
 [ spaced . out ]
x = 0.1
"""
)

TEXT = TEXT.replace("'it's\n", "'it is'\n")


def test_lines_of_every_kind_of_key() -> None:
    tomllib.loads(TEXT)
    lines = line_numbers(TEXT)

    def line_of(fragment: str) -> int:
        return next(number for number, line in enumerate(TEXT.split("\n"), 1) if fragment in line)

    assert lines["version",] == 2
    assert lines["a", "b", "c"] == 3
    assert lines["quoted key",] == 4
    assert lines["text",] == 5
    assert ("no", "header") not in lines
    assert lines["after",] == line_of("after")
    assert lines["list", 1, "deep"] == line_of("deep")
    assert lines["list", 1, "q", 0] == line_of("deep")
    assert lines["list", 2] == line_of("'x'")
    assert lines["tables", 0] == line_of("[[tables]]")
    assert lines["tables", 0, "fields", "tier", "type"] == line_of("select")
    assert lines["tables", 1, "name"] == line_of('"two"')
    assert lines["tables", 1, "fields", "odd name"] == line_of("odd name")
    assert lines["spaced", "out", "x"] == line_of("x = 0.1")


KEYS = st.text("abc", min_size=1, max_size=3)
SCALARS = st.sampled_from(["1", '"a=[b]"', "'c#d'", "true", "1.5", '"""x\n= [y]\n"""', "2024-01-01", '"\\""'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + "]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda items: "{ " + ", ".join(f"{key} = {value}" for key, value in items.items()) + " }"
        ),
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_key_that_tomllib_finds_has_a_line(top: dict[str, str], inside: dict[str, str]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in top.items())
    text += "[[t-t]]\n" + "".join(f"{key} = {value} # x\n" for key, value in inside.items())
    lines = line_numbers(text)
    for place in paths(tomllib.loads(text), ()):
        assert place in lines
        key = place[-1]
        if isinstance(key, str) and key != "t-t":
            assert key in text.split("\n")[lines[place] - 1]


def paths(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from paths(value, (*place, key))
