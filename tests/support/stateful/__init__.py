"""What the stateful test is made of: a schema, people who edit, passes that die, and the promises to hold."""
