"""Files of real-name events: up to a million rows, checked as a whole, recorded in batches, answered row by row."""
