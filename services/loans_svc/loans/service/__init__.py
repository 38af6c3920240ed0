"""What is done with loans. Every step locks the loan, asks the transition table, and appends who did it and when."""
