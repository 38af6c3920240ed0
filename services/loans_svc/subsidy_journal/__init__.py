"""The small double entry of the subsidy: what each payer owes a bank, and what it has paid."""
