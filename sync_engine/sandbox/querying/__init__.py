"""Queries over a data source: filters, sorts, cursors and the 10,000-row cap."""
