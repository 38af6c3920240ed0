"""By which rules units are assessed: sets of weights, types and deductions, dated, and put into force by two people."""
