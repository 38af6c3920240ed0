"""Applications for a grant: submitted, accepted, decided, paid, each by another hand; reviewed and rated."""
