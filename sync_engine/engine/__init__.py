"""Use cases: what the product does, in terms of ports and domain only."""
