"""The real-name register: one person counts once a year for each indicator."""
