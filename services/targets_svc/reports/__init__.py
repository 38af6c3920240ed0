"""Monthly reports of the units: draft, submission, review, approval, return, correction."""
