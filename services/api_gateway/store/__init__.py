"""What admins change, kept in the schema `gateway`; requests never wait for it."""
