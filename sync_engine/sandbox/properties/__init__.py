"""One place per property type: schema entry, written value, shown value, compared value."""
