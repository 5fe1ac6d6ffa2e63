"""One module a verb; each holds `command`. They do not know each other."""
