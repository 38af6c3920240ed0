"""One OpenAPI document of the gateway and the services, and the page to read it."""
