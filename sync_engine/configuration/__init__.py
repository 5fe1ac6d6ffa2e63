"""Reading `sync.toml` and the environment: shapes, places, references, and errors a person can act on."""
