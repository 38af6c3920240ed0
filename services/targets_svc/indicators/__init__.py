"""The indicators of the plan: what is counted, in which unit, in which direction."""
