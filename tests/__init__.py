"""The tests, by what they need: nothing, a database, processes, a network."""
