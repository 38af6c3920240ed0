"""Screening: the measures of a subject over a whole register, every row explainable afterwards."""
