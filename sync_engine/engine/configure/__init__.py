"""What is synced and how: mappings from `sync.toml` and the catalog, `init`, `setup`, `doctor`."""
