"""What the engine asks of the outside world: small Protocols and the values they trade in."""
