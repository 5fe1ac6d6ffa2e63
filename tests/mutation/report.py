"""Mutation score: what `mutmut results --all true` says on stdin, a line a module, and what survived."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

KILLED = ("killed", "timeout", "suspicious", "segfault", "caught by type check")
UNTRIED = ("not checked", "skipped")


def report(lines: Iterable[str]) -> str:
    """One line a module: mutants that were tried, the share that a test noticed, and those that none reaches."""
    modules: dict[str, Counter[str]] = {}
    survivors: list[str] = []
    for line in lines:
        name, _, status = line.strip().rpartition(": ")
        if not name or status in UNTRIED:
            continue
        module = name.rpartition(".")[0]
        kind = "killed" if status in KILLED else status
        modules.setdefault(module, Counter())[kind] += 1
        if kind == "survived":
            survivors.append(name)
    total = sum(modules.values(), Counter[str]())
    rows = [_row(module, counts) for module, counts in sorted(modules.items())]
    return "\n".join([*survivors, "", *rows, _row("all", total)])


def _row(name: str, counts: Counter[str]) -> str:
    tried = counts.total()
    score = 100 * counts["killed"] / tried if tried else 0.0
    told = f"{score:5.1f} % of {tried:5} noticed, {counts['survived']:4} survived"
    return f"{name:45} {told}, {counts['no tests']:4} reached by no test"


if __name__ == "__main__":
    print(report(sys.stdin))
