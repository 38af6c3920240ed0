"""One line for a kiosk, and what to do next: at most 40 characters each, polite, nothing of the input repeated."""

from datetime import date
from typing import NamedTuple

from eligibility_svc.checks.domain import ALREADY_GRANTED, NOT_IN_FORCE, Answer, Outcome, Truth
from eligibility_svc.facts.domain import Vocabulary
from eligibility_svc.measures.domain import BenefitStatus, Catalogue, Family
from kit.money import yuan

MAX_LENGTH = 40
_ASK = "如有疑问，请到服务窗口或拨打12333咨询。"
_APPLY = "请在网上或到就近的人社服务窗口申请。"
_VISIT = "请到就近的人社服务窗口办理，咨询电话12333。"
_REPORT = "请按期落实，并报送完成情况。"
_COME_BACK = "请届时再查询或申请，咨询电话12333。"


class Message(NamedTuple):
    """What it comes to, and the next step."""

    text: str
    next_step: str


def message(answer: Answer, catalogue: Catalogue, vocabulary: Vocabulary) -> Message:
    """The two lines for one answer."""
    match answer.outcome:
        case Outcome.NOT_ELIGIBLE:
            return _refused(answer)
        case Outcome.UNDETERMINED:
            return _undetermined(answer, vocabulary)
        case Outcome.ELIGIBLE:
            return _eligible(answer, catalogue)


def _refused(answer: Answer) -> Message:
    first = answer.reasons[0]
    if first.criterion == NOT_IN_FORCE:
        if first.met_on is None:
            return Message("该政策在查询日期已不再施行。", _ASK)
        return Message(f"该政策自{_day(first.met_on)}起施行，查询日期尚不适用。", _COME_BACK)
    if answer.reasons[-1].criterion == ALREADY_GRANTED:
        return Message("这项待遇已经享受过，不能重复享受。", _ASK)
    if answer.eligible_on is not None:
        return Message(f"时间未到，{_day(answer.eligible_on)}起符合条件。", _COME_BACK)
    if answer.family is Family.QUOTA:
        return Message("不承担这项任务，原因见各项条件。", _ASK)
    return Message(_unmet(answer), _ASK)


def _unmet(answer: Answer) -> str:
    """Names what is lacking; a condition that is met in one of several ways is told by their number."""
    unmet = {reason.criterion: reason.text for reason in answer.reasons if reason.outcome is Truth.UNMET}
    parts = answer.rule["all"] if isinstance(answer.rule, dict) and "all" in answer.rule else [answer.rule]
    named = [unmet[part] for part in parts if isinstance(part, str) and part in unmet]
    if not named:
        return "几项条件至少要满足一项，目前均不满足。"
    rest = f"等{len(named)}项条件" if len(named) > 1 else "这一条件"
    text = f"目前不满足“{named[0]}”{rest}。"
    return text if len(text) <= MAX_LENGTH else "目前不符合条件，原因见各项条件。"


def _undetermined(answer: Answer, vocabulary: Vocabulary) -> Message:
    count = len(answer.missing_facts)
    if not count:
        return Message("实施细则尚未确定标准，暂时无法判断。", _ASK)
    first = vocabulary.label(answer.missing_facts[0])
    step = f"请补充“{first}”。" if count == 1 else f"请补充“{first}”等{count}项信息。"
    return Message(f"还缺{count}项信息，暂时无法判断。", step if len(step) <= MAX_LENGTH else f"请补充{count}项信息。")


def _eligible(answer: Answer, catalogue: Catalogue) -> Message:
    if answer.quota is not None:
        if answer.quota.owed is None:
            return Message("承担这项任务，补充信息后可算出应完成数。", _REPORT)
        return Message(f"承担这项任务，应完成{answer.quota.owed}{answer.quota.unit}。", _REPORT)
    return Message(_entitled(answer, catalogue), _step(answer))


def _step(answer: Answer) -> str:
    if answer.family is Family.SERVICE:
        return _VISIT
    if answer.eligible_until is not None:
        return f"请最迟在{_day(answer.eligible_until)}，网上或到人社服务窗口申请。"
    return _APPLY


def _entitled(answer: Answer, catalogue: Catalogue) -> str:
    benefit = answer.benefit
    if answer.family is Family.SERVICE:
        return "您可以享受这项服务。"
    if benefit.status is BenefitStatus.NONE:
        return "您符合条件。"
    if benefit.status is BenefitStatus.SET_BY_RULES:
        return "您符合条件，金额按实施细则确定。"
    if benefit.amount is None:
        return "您符合条件，补充信息后可算出金额。"
    if benefit.per == "FEE" and benefit.amount == 0:
        return f"您符合条件，免收{catalogue.per['FEE']}。"
    return f"您符合条件，{'最高可得' if benefit.is_ceiling else '可得'}{yuan(benefit.amount)}元。"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
