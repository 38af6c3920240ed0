"""Kiosks: how one gets its key, its token, and a short session for whoever stands at it."""
