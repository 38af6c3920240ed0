"""Guarantee loans: application, approval, disbursement, and all that happens to them."""
