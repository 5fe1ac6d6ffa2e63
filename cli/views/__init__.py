"""How results look to a person: each view prints one kind of document; they only read it."""
