"""The year's assessment: scores by dated rules, every point with its trace, grades under a cap."""
