"""Taking back what nobody has signed yet: drafts, proposals and entries made by mistake."""
