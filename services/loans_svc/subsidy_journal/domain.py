"""What an approval and a payment move: each transfer has both its sides, so that the books sum to zero."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Account(StrEnum):
    """EXPENSE and TREASURY are a payer's; PAYABLE is owed to the bank, RECEIVABLE by it."""

    EXPENSE = "EXPENSE"
    PAYABLE = "PAYABLE"
    TREASURY = "TREASURY"
    RECEIVABLE = "RECEIVABLE"


@dataclass(frozen=True, slots=True)
class Transfer:
    """From the credited to the debited account; fen, positive. No payer where the bank itself owes."""

    payer_scheme: str
    payer: str
    debit: Account
    credit: Account
    amount_fen: int


def accrue(
    payer_scheme: str, payers: Mapping[str, int], carried_in_fen: int, carried_out_fen: int
) -> Iterator[Transfer]:
    """An approval: each payer owes its part; what the bank owes after it grows or shrinks (S21)."""
    for payer, amount in payers.items():
        if amount:
            yield Transfer(payer_scheme, payer, Account.EXPENSE, Account.PAYABLE, amount)
    owed_more = carried_in_fen - carried_out_fen
    if owed_more > 0:
        yield Transfer(payer_scheme, "", Account.RECEIVABLE, Account.EXPENSE, owed_more)
    elif owed_more < 0:
        yield Transfer(payer_scheme, "", Account.EXPENSE, Account.RECEIVABLE, -owed_more)


def pay(payer_scheme: str, payers: Mapping[str, int]) -> Iterator[Transfer]:
    """A payment: each payer's part leaves its treasury."""
    for payer, amount in payers.items():
        if amount:
            yield Transfer(payer_scheme, payer, Account.PAYABLE, Account.TREASURY, amount)
