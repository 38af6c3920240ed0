"""Amounts that implementing rules fill in: proposed by one person, published by another, dated and cited."""
