"""Money is integer fen. Rounding happens here, once, by name."""

import re

_YUAN = re.compile(r"-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?")


def fen_from_yuan(text: str) -> int:
    """Reads a decimal string in yuan, at most two places, as fen.

    Raises:
        ValueError: not a plain decimal, more than two places, or beyond 99 999 999 999 999 yuan.
    """
    if not _YUAN.fullmatch(text):
        raise ValueError("not an amount in yuan with at most two places")
    whole, _, cents = text.removeprefix("-").partition(".")
    fen = int(whole + cents.ljust(2, "0"))
    return -fen if text.startswith("-") else fen


def yuan(fen: int) -> str:
    """The wire form: a decimal string in yuan with two places."""
    sign, value = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{value // 100}.{value % 100:02d}"


def div_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, halves away from zero; denominator > 0."""
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    if numerator < 0:
        return -div_half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def fixed(numerator: int, denominator: int, places: int = 2) -> str:
    """numerator / denominator as a decimal string with fixed places, half-up; never through a float."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    scaled = div_half_up(numerator * 10**places, denominator)
    sign, value = ("-", -scaled) if scaled < 0 else ("", scaled)
    whole, rest = divmod(value, 10**places)
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"
