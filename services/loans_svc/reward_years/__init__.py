"""The reward pool of a year and place from the loans that are stored, and its close."""
