"""The bank's own claim file, matched with a batch line by line (loans design S19)."""
