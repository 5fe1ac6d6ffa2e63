"""Webhooks: signed, aggregated, sometimes doubled and out of order, as the documentation warns."""
