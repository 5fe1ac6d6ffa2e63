"""Taking back: marks, rollback on both sides, rows brought back to life."""
