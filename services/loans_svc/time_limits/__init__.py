"""How long each step may take, in working days, and what is due or late."""
