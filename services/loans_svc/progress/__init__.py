"""How a borrower's own loans stand, for whoever has the document and knows the name."""
