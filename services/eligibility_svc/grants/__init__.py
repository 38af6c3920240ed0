"""What was already granted, to whom, and what that leaves to be claimed."""
