"""Notion: the workspace port over its HTTP API, inside its budget, whatever it answers."""

from sync_engine.adapters.notion.workspace import NotionWorkspace, open_workspace

__all__ = ["NotionWorkspace", "open_workspace"]
