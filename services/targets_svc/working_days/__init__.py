"""When a month's report is due, in working days of the civil service."""
