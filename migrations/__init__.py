"""Alembic: one environment, one version line for each schema."""
