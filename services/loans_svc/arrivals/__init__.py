"""When each payer's part of a batch reached the bank: central and local money do not come together."""
