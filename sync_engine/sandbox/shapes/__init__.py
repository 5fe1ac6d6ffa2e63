"""How the API shows each kind of object: exact keys, in Notion's order, for each version."""
