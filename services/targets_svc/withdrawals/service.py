"""Why something can be neither signed nor taken back."""

from kit.errors import DomainError
from targets_svc.withdrawals.errors import WithdrawnError
from targets_svc.withdrawals.models import Withdrawable


def why_not_open(row: Withdrawable | None, missing: type[DomainError], signed: type[DomainError]) -> type[DomainError]:
    """The error for what is not open: it is not there, was taken back, or is signed."""
    if row is None:
        return missing
    return WithdrawnError if row.withdrawn_by is not None else signed
