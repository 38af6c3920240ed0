"""Quarterly subsidy batches: what a bank claims for a district, checked, approved, paid and closed."""
