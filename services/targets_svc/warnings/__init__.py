"""Warnings: opened and raised at once, lowered after a full closed month, answered by the unit with a plan."""
