"""Long work of this service, as a resource."""
