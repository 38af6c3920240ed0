"""The year's settlement of the subsidy: what was approved, paid and has arrived, bank by bank and payer by payer."""
