"""`make demo`: the main job, through the gateway, as a person would want to read it."""
