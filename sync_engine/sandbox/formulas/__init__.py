"""A small formula language: enough of Notion's to give typed, read-only values."""
