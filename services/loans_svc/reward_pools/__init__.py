"""The reward for good work with guarantee loans: a share of the year's new lending."""
