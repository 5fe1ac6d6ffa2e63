"""Order of tables: a table after those that its foreign keys refer to, cycles allowed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def parents_first(names: Sequence[str], parents: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The names, each after its parents unless the two are in one cycle; otherwise in the order given.

    In a cycle the one with the fewest parents still missing goes first, so that as few relations as possible
    need a second pass.
    """
    known = set(names)
    edges = {name: (set(parents.get(name, ())) & known) - {name} for name in names}
    ancestors = {name: _ancestors(name, edges) for name in names}
    above = {name: {other for other in ancestors[name] if name not in ancestors[other]} for name in names}
    order: list[str] = []
    while len(order) < len(known):
        ready = [name for name in names if name not in order and above[name] <= set(order)]
        missing = [len(edges[name].difference(order)) for name in ready]
        order.append(ready[missing.index(min(missing))])
    return tuple(order)


def _ancestors(name: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    unseen = list(edges[name])
    while unseen:
        parent = unseen.pop()
        if parent not in found:
            found.add(parent)
            unseen.extend(edges[parent])
    return found
