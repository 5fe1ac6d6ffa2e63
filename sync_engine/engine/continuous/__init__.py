"""The continuous run: lease, turns, polls and hints."""
