"""The year's employment targets, district by district, and how far each district is."""
