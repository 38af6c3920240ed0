"""From a client's request to a service and back, streaming."""
