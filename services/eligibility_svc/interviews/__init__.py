"""The next best question, over all measures at once."""
