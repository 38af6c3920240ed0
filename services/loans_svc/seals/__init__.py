"""Evidence that no line was changed, added, taken away or moved since its batch was computed."""
