"""Who is ahead: the districts in the order of their exact completion."""
