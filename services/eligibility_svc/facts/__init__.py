"""The fact vocabulary: what a check may be told, and how it is asked."""
