"""Numbers and names of people and organisations: checked, normalised, masked. Pure; the legal day is an argument."""
