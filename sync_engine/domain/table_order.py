"""Order of tables: a table after those that its foreign keys refer to, cycles allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def parents_first(names: Sequence[str], parents: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The names, each after its parents wherever there is no cycle; otherwise in the order given.

    In a cycle the one with the fewest parents still missing goes first, so that as few relations as possible
    need a second pass.
    """
    waiting = list(names)
    known = set(names)
    placed: set[str] = set()
    order: list[str] = []
    while waiting:
        missing = {name: len((set(parents.get(name, ())) & known) - placed - {name}) for name in waiting}
        chosen = min(waiting, key=missing.__getitem__)
        waiting.remove(chosen)
        placed.add(chosen)
        order.append(chosen)
    return tuple(order)
