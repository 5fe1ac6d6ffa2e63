"""A local Notion: a real HTTP server that speaks the Notion API, for demos and tests."""

from __future__ import annotations

from sync_engine.sandbox.faults import Fault
from sync_engine.sandbox.requestlog import Logged
from sync_engine.sandbox.sandbox import Sandbox

__all__ = ["Fault", "Logged", "Sandbox"]
