"""A plan read from the annex as people send it: xlsx or csv, every conflict by its cell, then a draft version."""
