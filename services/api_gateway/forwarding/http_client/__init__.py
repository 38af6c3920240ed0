"""A pooled HTTP/1.1 client on httptools, for the forwarding path alone."""
