"""One Postgres schema for each service; one transaction for each request or job."""
