"""Guarantee loans, their interest subsidy, and the reward pool."""
