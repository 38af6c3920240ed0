"""The catalogue: every measure of the notices as dated data with its clause."""
