"""Postgres: the engine's tables, the capture of the user's tables, the log and its readers."""
