"""Build the wheel, install it into an empty environment, and run the demo from a folder that holds no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUST_HOLD = (
    "sync_engine/migrations/env.py",
    "sync_engine/examples/vital/schema.sql",
    "sync_engine/examples/vital/sync.toml",
    "sync_engine/sandbox/templates/",
    "sync_engine/adapters/postgres/sql/",
    "cli/main.py",
)


def main() -> int:
    """Exit 0 when the installed wheel tells the whole story without the checkout."""
    with tempfile.TemporaryDirectory(prefix="sync-engine-wheel-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        wheel = build(scratch)
        check_contents(wheel)
        program = install(wheel, scratch / "environment")
        story = subprocess.run(
            [program, "demo", "--once"],
            cwd=scratch,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(scratch / "home")},
            check=False,
        )
    print(f"demo from the wheel: exit {story.returncode}")
    return story.returncode


def build(scratch: Path) -> Path:
    """The wheel of this checkout."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(scratch / "dist"), str(ROOT)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    [wheel] = (scratch / "dist").glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Everything that is not Python must be inside."""
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    missing = [part for part in MUST_HOLD if not any(name.startswith(part) for name in names)]
    if missing:
        raise SystemExit(f"the wheel lacks {', '.join(missing)}")


def install(wheel: Path, folder: Path) -> Path:
    """An empty environment with the wheel; returns its `sync-engine`."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), f"{wheel}[embedded]"], check=True)
    return folder / "bin" / "sync-engine"


if __name__ == "__main__":
    sys.exit(main())
