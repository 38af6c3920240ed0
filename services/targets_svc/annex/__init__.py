"""The annex of a plan as the notice prints it: what stands in which cell, and the workbook."""
