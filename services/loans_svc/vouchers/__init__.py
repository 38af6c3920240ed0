"""The books as accounting vouchers: numbered month by month without a gap, for an accountant to import."""
