"""What the office has agreed with each bank: how days and quarters are counted, days of grace, order of repayments."""
