"""The console: what sync-engine knows and can do, as pages in a browser on this machine."""

from sync_engine.web.console import Console

__all__ = ["Console"]
