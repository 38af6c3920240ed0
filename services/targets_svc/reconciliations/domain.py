"""The bridge from the reported figure to the register's (targets design §5.11)."""

from dataclasses import dataclass
from enum import StrEnum

from kit.money import div_half_up
from targets_svc.standards.domain import WHOLE, Tolerances


class Verdict(StrEnum):
    """By the tolerances of the standards: OK, NOTICE, and FLAG beyond or when too much is unexplained."""

    OK = "OK"
    NOTICE = "NOTICE"
    FLAG = "FLAG"


class Term(StrEnum):
    """What an event of the ledger means for the difference; the names of `Terms`, and those that are counted."""

    REGISTERED = "REGISTERED"
    DUP_REMOVED = "DUP_REMOVED"
    DISPLACED_ELSEWHERE = "DISPLACED_ELSEWHERE"
    RETRACTED_AFTER_REPORT = "RETRACTED_AFTER_REPORT"
    PENDING_VERIFICATION = "PENDING_VERIFICATION"
    LATE_ARRIVALS = "LATE_ARRIVALS"


@dataclass(frozen=True, slots=True)
class Terms:
    """Events of one unit and indicator to the end of the month, seen from the approval of its report.

    Attributes:
        dup_removed: known then; the unit itself holds the person's slot with another event.
        displaced_elsewhere: known then; another unit holds the slot.
        retracted_after_report: known then, retracted since.
        pending_verification: reported, and not yet admitted to the register.
        late_arrivals: they count, and became known only after the report.
    """

    dup_removed: int = 0
    displaced_elsewhere: int = 0
    retracted_after_report: int = 0
    pending_verification: int = 0
    late_arrivals: int = 0

    def less(self, other: "Terms") -> "Terms":
        """For a net figure: the terms of what is subtracted."""
        return Terms(
            self.dup_removed - other.dup_removed,
            self.displaced_elsewhere - other.displaced_elsewhere,
            self.retracted_after_report - other.retracted_after_report,
            self.pending_verification - other.pending_verification,
            self.late_arrivals - other.late_arrivals,
        )

    @property
    def explained(self) -> int:
        return (
            self.dup_removed
            + self.displaced_elsewhere
            + self.retracted_after_report
            + self.pending_verification
            - self.late_arrivals
        )


@dataclass(frozen=True, slots=True)
class Bridge:
    """One cell. The difference is the explained terms and the unexplained rest, by construction (S4)."""

    unit: str
    indicator: str
    reported: int
    registered: int
    terms: Terms
    tolerances: Tolerances

    @property
    def difference(self) -> int:
        return self.reported - self.registered

    @property
    def unexplained(self) -> int:
        return self.difference - self.terms.explained

    @property
    def relative(self) -> int:
        """|D| / max(R, N, 1) in hundredths of a percent, half up."""
        return div_half_up(10_000 * abs(self.difference), self._base)

    @property
    def verdict(self) -> Verdict:
        """By exact comparison, never by the rounded figure."""
        limits, apart = self.tolerances, WHOLE * abs(self.difference)
        if apart > limits.notice * self._base or WHOLE * abs(self.unexplained) > limits.unexplained * self._base:
            return Verdict.FLAG
        return Verdict.NOTICE if apart > limits.ok * self._base else Verdict.OK

    @property
    def _base(self) -> int:
        return max(self.reported, self.registered, 1)
