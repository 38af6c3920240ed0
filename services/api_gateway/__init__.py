"""The only door: identity, routing and one document for everything behind it."""
