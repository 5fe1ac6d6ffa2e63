"""The command line of sync-engine: one file a verb, one error boundary."""
