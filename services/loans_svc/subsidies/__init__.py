"""What the state pays of a loan's interest, exact to the fen."""
