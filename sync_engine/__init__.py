"""Two-way sync between Postgres and Notion from one event log."""

__version__ = "0.1.0"
