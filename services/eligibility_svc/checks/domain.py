"""What a check answers: outcome, reasons with their clause, benefit with its arithmetic, facts still missing."""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, NamedTuple

from eligibility_svc.measures.domain import BenefitStatus, Citation, Family, Note

NOT_IN_FORCE = "NOT_IN_FORCE"
ALREADY_GRANTED = "ALREADY_GRANTED"


class Outcome(Enum):
    """For a QUOTA, ELIGIBLE means that the duty applies."""

    ELIGIBLE = "ELIGIBLE"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    UNDETERMINED = "UNDETERMINED"


class Truth(Enum):
    MET = "MET"
    UNMET = "UNMET"
    UNKNOWN = "UNKNOWN"


class Role(Enum):
    """Whether a criterion decides the outcome or only how much is given."""

    REQUIREMENT = "REQUIREMENT"
    BENEFIT = "BENEFIT"


TRUTHS = {True: Truth.MET, False: Truth.UNMET, None: Truth.UNKNOWN}
OUTCOMES = {True: Outcome.ELIGIBLE, False: Outcome.NOT_ELIGIBLE, None: Outcome.UNDETERMINED}


class ParameterUsed(NamedTuple):
    """A figure of the law as it stood on the day; `value` as the contract writes it, None while it is open."""

    label: str
    value: str | int | None
    unit: str


class Reason(NamedTuple):
    """One criterion. Tuples, because a check makes a hundred of them.

    Attributes:
        facts: what it read, as the contract writes it; None is unknown.
        met_on: for a criterion that only lacks time, the first day on which it will be met.
    """

    criterion: str
    text: str
    role: Role
    outcome: Truth
    facts: Mapping[str, Any]
    parameters: Mapping[str, ParameterUsed]
    citation: Citation
    met_on: date | None = None


class TierAnswer(NamedTuple):
    """A better benefit, and whether its criterion is met."""

    code: str
    name: str
    outcome: Truth


class BenefitAnswer(NamedTuple):
    """What is given, in fen.

    Attributes:
        amount: None when not entitled, when rules still have to set it, or when facts of the amount are unknown.
        is_ceiling: the amount is the most that can be given, since the facts do not give it.
        payer, per: codes; None when no notice says, or a fact decides that is unknown.
        missing_facts: facts that change the amount or the payer, though not the outcome.
    """

    status: BenefitStatus
    amount: int | None = None
    is_ceiling: bool = False
    payer: str | None = None
    per: str | None = None
    tiers: tuple[TierAnswer, ...] = ()
    arithmetic: tuple[str, ...] = ()
    missing_facts: tuple[str, ...] = ()


class QuotaAnswer(NamedTuple):
    """A number owed: at least `owed`, done so far, still lacking; None while the facts do not say."""

    unit: str
    owed: int | None
    owed_at_most: int | None
    done: int | None
    lacking: int | None
    due_on: date | None
    arithmetic: tuple[str, ...]
    missing_facts: tuple[str, ...]


class Answer(NamedTuple):
    """What a check says about one measure.

    Attributes:
        rule: how the criteria combine: an id, or `{"all": […]}`, `{"any": […]}`, `{"at_least": n, "of": […]}`.
        eligible_on: when only time is missing, the first day on which all criteria are met.
        eligible_until: of who is entitled, the last day on which that holds by the calendar alone.
        notes: what the notice says beside the conditions: what a service offers, how long a benefit lasts.
        overlaps: other measures of this check, not refused, that pay for the same cost; no notice ranks them.
    """

    measure: str
    name: str
    family: Family
    outcome: Outcome
    benefit: BenefitAnswer
    quota: QuotaAnswer | None
    reasons: tuple[Reason, ...]
    rule: Any
    missing_facts: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    overlaps: tuple[str, ...] = ()
    eligible_on: date | None = None
    eligible_until: date | None = None
