"""How many calls a client may make, settled between all gateway processes."""
