"""What an operator's tools ask."""
