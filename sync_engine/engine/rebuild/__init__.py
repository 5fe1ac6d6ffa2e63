"""Rebuilding: a lost or damaged side put back from the log, in place or elsewhere."""
