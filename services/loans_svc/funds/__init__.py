"""How far a guarantee fund may be used."""
