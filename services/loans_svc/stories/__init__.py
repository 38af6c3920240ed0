"""A loan's days as segments: derived from its events by the engine, kept so that a quarter is one statement."""
