"""What admins do: clients, their keys, revocations, kiosks; and what auditors read about it."""
