"""Dated rules as data: every number of the subsidy is a row with its source."""
