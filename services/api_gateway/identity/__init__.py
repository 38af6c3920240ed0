"""Who a client is: its secret for a token, its token for a principal."""
