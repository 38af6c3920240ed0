"""The sheet, decided purely: a grid of cells, and how a plan is laid out on it."""
