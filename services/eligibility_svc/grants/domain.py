"""What was granted before, and what it leaves: once in a life, once a year, amounts that add up over years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from eligibility_svc.checks.domain import ALREADY_GRANTED, Answer, Outcome, Reason, Role, Truth
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import Catalogue, Edition, Relations
from kit.money import yuan

LIFE = "LIFE"


@dataclass(frozen=True, slots=True)
class Grant:
    """What the register holds of one grant.

    Attributes:
        as_of: the legal day of the decision's check; a yearly grant is the one of that day's year.
        amount: fen; None where no money is given.
    """

    measure: str
    as_of: date
    amount: int | None


def once_key(relations: Relations, as_of: date) -> str | None:
    """The slot that a grant takes: one for life, one for each calendar year, none where it may be given again."""
    match relations.once:
        case None:
            return None
        case "YEAR":
            return str(as_of.year)
        case _:
            return LIFE


def with_grants(answer: Answer, edition: Edition, grants: Sequence[Grant], as_of: date) -> Answer:
    """The answer of a check, once what was granted before is counted.

    A measure given once in a life or a year is refused with reason ALREADY_GRANTED. A cumulative one gives what is
    due in all less what was granted, and is refused when nothing is left. Any other is unchanged.

    Args:
        edition: in force on `as_of`.
        grants: of the applicant, of any measure.
    """
    relations = edition.relations
    earlier = [grant for grant in grants if grant.measure == answer.measure]
    if answer.outcome is Outcome.NOT_ELIGIBLE or not earlier:
        return answer
    if relations.is_cumulative:
        return _less(answer, edition, sum(grant.amount or 0 for grant in earlier))
    key = once_key(relations, as_of)
    same = [grant for grant in earlier if key is not None and once_key(relations, grant.as_of) == key]
    if not same:
        return answer
    if key == LIFE:
        return _refused(answer, edition, "只能享受一次，以前已经享受", None)
    return _refused(answer, edition, f"每年只能享受一次，{as_of.year}年已经享受", date(as_of.year + 1, 1, 1))


@dataclass(frozen=True, slots=True)
class Before:
    """What an applicant was granted before for one person by one measure."""

    times: int = 0
    months: int = 0


def with_persons(
    answer: Answer, edition: Edition, facts: Mapping[str, Value], before: Sequence[Before], as_of: date
) -> Answer:
    """The answer of a claim that is about persons, once what was granted for them before is counted.

    Args:
        facts: known facts of the claim.
        before: of each person whom the claim is about.
    """
    rule = edition.relations.per_person
    if rule is None or answer.outcome is Outcome.NOT_ELIGIBLE or not any(each.times for each in before):
        return answer
    if rule.count is not None:
        taken = "、".join(str(number) for number, each in enumerate(before, 1) if each.times)
        return _refused(answer, edition, f"第{taken}名人员以前已经享受，每人只能享受一次", None)
    limit, left = months_left(edition, before[0], as_of)
    if left == 0:
        return _refused(answer, edition, f"同一人员最长补贴{limit}个月，以前已经补贴{before[0].months}个月", None)
    return _within(answer, edition, facts, left, as_of)


def months_left(edition: Edition, before: Before, as_of: date) -> tuple[int, int]:
    """The months that a person may be granted for in all, and how many of them are left."""
    rule = edition.relations.per_person
    limit = edition.values_on(as_of)[rule.at_most] if rule and rule.at_most else 0
    assert isinstance(limit, int)
    return limit, max(limit - before.months, 0)


def _within(answer: Answer, edition: Edition, facts: Mapping[str, Value], left: int, as_of: date) -> Answer:
    """The amount by the months that are left; one that the facts do not give yet stays as it is."""
    rule, benefit = edition.relations.per_person, answer.benefit
    formulas = [terms.benefit.formula for terms in edition.terms.values()]
    if rule is None or rule.at_most is None or benefit.amount is None or formulas[0] is None:
        return answer
    values = edition.values_on(as_of) | {rule.at_most: left}
    amount = int(formulas[0].run(facts, values, as_of))
    shown = f"以前已补贴，本次最多再补{left}个月 = {yuan(amount)} 元"
    return answer._replace(benefit=benefit._replace(amount=amount, arithmetic=(*benefit.arithmetic, shown)))


def count_grants(
    answers: Sequence[Answer], known: Catalogue, grants: Sequence[Grant], as_of: date
) -> tuple[Answer, ...]:
    """All answers of a check, what was granted before counted; what is thereby refused overlaps with nothing."""
    editions = {answer.measure: known.in_force(answer.measure, as_of) for answer in answers}
    counted = []
    for answer in answers:
        edition = editions[answer.measure]
        counted.append(answer if edition is None else with_grants(answer, edition, grants, as_of))
    refused = {answer.measure for answer in counted if answer.outcome is Outcome.NOT_ELIGIBLE}
    return tuple(
        answer._replace(overlaps=tuple(code for code in answer.overlaps if code not in refused)) for answer in counted
    )


def _less(answer: Answer, edition: Edition, granted: int) -> Answer:
    """Takes earlier grants off an amount; an amount that the facts do not give yet stays as it is."""
    benefit = answer.benefit
    if benefit.amount is None or benefit.is_ceiling:
        return answer
    left = max(benefit.amount - granted, 0)
    if left == 0 and answer.outcome is Outcome.ELIGIBLE:
        return _refused(answer, edition, f"应得{yuan(benefit.amount)}元，以前已经全部发放", None)
    shown = f"{yuan(benefit.amount)} − 以前已发放 {yuan(granted)} = {yuan(left)} 元"
    return answer._replace(benefit=benefit._replace(amount=left, arithmetic=(*benefit.arithmetic, shown)))


def _refused(answer: Answer, edition: Edition, text: str, met_on: date | None) -> Answer:
    benefit = answer.benefit._replace(
        amount=None, is_ceiling=False, payer=None, tiers=(), arithmetic=(), missing_facts=()
    )
    reason = Reason(
        criterion=ALREADY_GRANTED,
        text=text,
        role=Role.REQUIREMENT,
        outcome=Truth.UNMET,
        facts={},
        parameters={},
        citation=edition.citations[0],
        met_on=met_on,
    )
    return answer._replace(
        outcome=Outcome.NOT_ELIGIBLE,
        benefit=benefit,
        reasons=(*answer.reasons, reason),
        rule={"all": [answer.rule, ALREADY_GRANTED]},
        missing_facts=(),
        overlaps=(),
        eligible_until=None,
    )
