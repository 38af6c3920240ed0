"""By what progress is judged: levels, curves, deadlines and tolerances, dated, and put into force by two people."""
