"""层层分解: a unit splits its targets among its streets and towns, and the level above issues the split."""
