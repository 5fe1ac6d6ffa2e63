"""Runs the measurements: `python -m benchmarks [--quick] [--only NAME]...`; every module beside this file is one.

Absolute figures depend on the machine and on what else it does; the ratios are what to compare.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import platform
import time
from pathlib import Path

import benchmarks


def names() -> list[str]:
    """The measurements there are: modules of this package with a `main(quick=...)`."""
    return sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__) if found.name != "__main__")


def main() -> None:
    """Run the chosen ones, or all, each under its title."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work, not how fast is it")
    parser.add_argument("--only", action="append", choices=names(), help="this one; may be repeated")
    chosen = parser.parse_args()
    load = Path("/proc/loadavg")
    busy = load.read_text().split()[0] if load.exists() else "unknown"
    print(f"Python {platform.python_version()} on {platform.machine()}, load {busy} at the start")
    for name in chosen.only or names():
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n── {name}: {(module.__doc__ or name).splitlines()[0]}")
        begun = time.perf_counter()
        module.main(quick=chosen.quick)
        print(f"   ({time.perf_counter() - begun:.0f} s)")


if __name__ == "__main__":
    main()
