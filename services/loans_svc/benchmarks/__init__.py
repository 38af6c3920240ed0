"""Benchmark rates (1-year LPR) as reference data: entered by one person, in force when another has confirmed it."""
