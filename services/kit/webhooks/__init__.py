"""Signed messages to those who asked to be told, after the Standard Webhooks specification."""
