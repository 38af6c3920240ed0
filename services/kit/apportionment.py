"""Splitting a whole into parts that sum exactly (largest remainder)."""

from collections.abc import Sequence


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Splits `total` in proportion to `weights`; the parts always sum to it.

    Floor of each exact quota first, then one unit each by remainder descending, weight descending,
    position ascending (loans design S16; a caller sorts its parts by key).

    Args:
        total: whole units to give out, may be negative (the split of its absolute value, negated).
        weights: not negative, at least one positive.

    Raises:
        ValueError: no weight, a negative weight, or weights that sum to zero.
    """
    if any(w < 0 for w in weights):
        raise ValueError("a weight is negative")
    whole = sum(weights)
    if whole == 0:
        raise ValueError("weights sum to zero")
    if total < 0:
        return [-part for part in largest_remainder(-total, weights)]
    parts = [total * w // whole for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), -weights[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
