"""The demo: a Postgres and a Notion of its own, and a story told with the real commands."""
