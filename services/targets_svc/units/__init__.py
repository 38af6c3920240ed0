"""The responsible units of the plan: the city, 市本级, the fifteen districts, counties and zones."""
