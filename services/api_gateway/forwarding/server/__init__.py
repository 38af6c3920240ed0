"""The gateway's side towards clients: HTTP/1.1 at the level of the protocol, no ASGI on the forwarding path."""
