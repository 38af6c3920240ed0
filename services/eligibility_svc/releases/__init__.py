"""The rule files of every release that answered here, kept so that what it answered can be replayed."""
