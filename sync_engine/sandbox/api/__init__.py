"""The endpoints: each a function from a call to the JSON object of its answer."""
