"""Who pays what part of an amount (loans design S16, S17)."""

from collections.abc import Mapping, Sequence

from kit.apportionment import largest_remainder
from loans_svc.rules.domain import Payer


def split_by_payer(total_fen: int, weights: Mapping[Payer, int]) -> dict[Payer, int]:
    """Splits a batch's total by a payer scheme; the parts sum to it.

    Leftover fen by remainder, then weight, then name of the payer.

    Raises:
        ValueError: the weights sum to zero; the money stays unallocated.
    """
    payers = sorted(weights)
    parts = dict(zip(payers, largest_remainder(total_fen, [weights[payer] for payer in payers]), strict=True))
    return {payer: parts[payer] for payer in weights}


def drill_down(lines_fen: Sequence[int], weights: Mapping[Payer, int]) -> list[dict[Payer, int]]:
    """Each line's part of the payers' sums, by running totals: every line and every payer's column is exact.

    A cell of a line of a few fen may be -1 fen. Splitting each line on its own would drift: two payers of one weight
    would be 250 yuan apart after 200 000 lines.
    """
    cells: list[dict[Payer, int]] = []
    running, before = 0, dict.fromkeys(weights, 0)
    for amount in lines_fen:
        running += amount
        now = split_by_payer(running, weights)
        cells.append({payer: now[payer] - before[payer] for payer in weights})
        before = now
    return cells
