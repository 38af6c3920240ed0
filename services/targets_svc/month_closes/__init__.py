"""Closing a month: two people, and a snapshot that stays as it was."""
