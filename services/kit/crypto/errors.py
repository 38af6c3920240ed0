"""Why a key or a protected value is unusable. Messages name positions and key ids, never keys or contents."""


class KeyRingError(ValueError):
    """The configured keys are malformed; a process must not start with them."""


class UnknownKeyError(LookupError):
    """A value names a key that this process does not hold."""


class SealedValueError(ValueError):
    """A stored value is cut short, altered, of an unknown suite, or belongs to another row or column."""
