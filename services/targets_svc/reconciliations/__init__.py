"""Where a unit's report and the register differ, and why: a bridge of which every term is made of ledger rows."""
