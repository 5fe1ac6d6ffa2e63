"""The official JavaScript client against the local Notion; the client comes from npm at test time.

Skipped where there is no node, no npm, or the registry cannot be reached.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from sync_engine.sandbox import Sandbox

CLIENT = "@notionhq/client@5.26.0"
AT_ONCE = ["--fetch-retries=0", "--fetch-timeout=15000"]
"""A registry that cannot be reached is found out at once, instead of in three tries with a minute between them."""

SCRIPT = Path(__file__).with_name("official_client.mjs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the client and the script."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not on this machine")
    made = tmp_path_factory.mktemp("javascript")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", *AT_ONCE]
    command = [npm, "install", CLIENT, *options, "--prefix", str(made)]
    installed = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=120, check=False)
    if installed.returncode != 0:
        pytest.skip(f"npm cannot install {CLIENT}: {installed.stderr.strip()[-300:]}")
    shutil.copy(SCRIPT, made / "checks.mjs")
    return made


def test_the_official_javascript_client(folder: Path) -> None:
    with Sandbox.start(requests_per_minute=None) as sandbox:
        doors = [sandbox.url, sandbox.token, sandbox.person_token, sandbox.parent_page_id]
        command = ["node", "checks.mjs", *doors]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    checks = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [check for check in checks if check["error"]] == []
    assert len(checks) >= 100
