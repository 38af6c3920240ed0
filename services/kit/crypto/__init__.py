"""Encrypted fields and keyed look-up hashes, with the national algorithms SM4 and SM3."""
