"""Progress, decided purely: the arithmetic, what was observed, and the table."""
