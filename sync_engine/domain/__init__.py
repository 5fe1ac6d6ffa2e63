"""Pure rules: values, mapping, merge, decisions. No clock, no I/O, no driver."""
