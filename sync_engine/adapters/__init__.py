"""The outside world: Postgres, Notion, memory and the system clock, each behind a port."""
