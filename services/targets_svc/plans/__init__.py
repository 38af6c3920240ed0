"""The year's plan: its versions, its cells, its sums, and proposals to split a figure."""
