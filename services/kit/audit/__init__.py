"""Who did what when: rows that only grow, each sealed with the one before it."""
