"""The life of a loan: its states and events, and what the events mean for subsidy and fund."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from kit.errors import FieldError
from kit.identifiers.documents import IdType, normalise
from kit.identifiers.errors import IdentifierError
from kit.identifiers.names import normalise_name
from kit.identifiers.uscc import parse_uscc
from loans_svc.funds import domain as funds
from loans_svc.rules.domain import BorrowerKind, Catalogue, DateKey, RegionClass, RepeatRule, SubsidyRule
from loans_svc.subsidies.domain.loan import (
    Compensation,
    Event,
    Extension,
    Overdue,
    RateReset,
    Repayment,
    Stop,
)

CITY = "ZZ"
USCC = "USCC"


class State(StrEnum):
    APPLIED = "APPLIED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    DISBURSED = "DISBURSED"
    COMPENSATED = "COMPENSATED"
    WRITTEN_OFF = "WRITTEN_OFF"
    CLOSED = "CLOSED"


class Kind(StrEnum):
    """What can happen to a loan; SETTLED and REOPENED follow from what is owed."""

    APPLICATION = "APPLICATION"
    APPROVAL = "APPROVAL"
    REJECTION = "REJECTION"
    DISBURSEMENT = "DISBURSEMENT"
    CANCELLATION = "CANCELLATION"
    REPAYMENT = "REPAYMENT"
    OVERDUE = "OVERDUE"
    STOP = "STOP"
    EXTENSION = "EXTENSION"
    RATE_RESET = "RATE_RESET"
    RE_RULE = "RE_RULE"
    COMPENSATION = "COMPENSATION"
    RECOVERY = "RECOVERY"
    WRITE_OFF = "WRITE_OFF"
    RETRACTION = "RETRACTION"
    SETTLED = "SETTLED"
    REOPENED = "REOPENED"


STATE_NAMES: Mapping[State, str] = {
    State.APPLIED: "待审批",
    State.APPROVED: "已批准待发放",
    State.REJECTED: "不予批准",
    State.CANCELLED: "已撤销",
    State.DISBURSED: "已发放",
    State.COMPENSATED: "已代偿",
    State.WRITTEN_OFF: "已核销",
    State.CLOSED: "已结清",
}
KIND_NAMES: Mapping[Kind, str] = {
    Kind.APPROVAL: "批准",
    Kind.REJECTION: "不予批准",
    Kind.DISBURSEMENT: "发放",
    Kind.CANCELLATION: "撤销贷款",
    Kind.REPAYMENT: "还款",
    Kind.OVERDUE: "逾期",
    Kind.STOP: "停止贴息",
    Kind.EXTENSION: "展期",
    Kind.RATE_RESET: "利率调整",
    Kind.RE_RULE: "改按新规则",
    Kind.COMPENSATION: "代偿",
    Kind.RECOVERY: "追偿",
    Kind.WRITE_OFF: "核销",
    Kind.RETRACTION: "撤销登记有误的事项",
}


def refusal(state: State, kind: Kind, allowed: Collection[Kind]) -> str:
    """Why a step can't be taken now, and which can."""
    others = "、".join(name for one, name in KIND_NAMES.items() if one in allowed)
    rest = f"目前可以办理：{others}。" if others else "这笔贷款不能再办理任何事项。"
    return f"贷款现为“{STATE_NAMES[state]}”，不能办理“{KIND_NAMES[kind]}”。{rest}"


class SupportedGroup(StrEnum):
    """The ten groups of the monitoring statistics (loans design §1.2)."""

    REGISTERED_UNEMPLOYED = "REGISTERED_UNEMPLOYED"
    HARD_TO_EMPLOY = "HARD_TO_EMPLOY"
    VETERAN = "VETERAN"
    RELEASED_PRISONER = "RELEASED_PRISONER"
    GRADUATE = "GRADUATE"
    OVERCAPACITY_WORKER = "OVERCAPACITY_WORKER"
    RETURNING_MIGRANT = "RETURNING_MIGRANT"
    ONLINE_SELLER = "ONLINE_SELLER"
    LIFTED_FROM_POVERTY = "LIFTED_FROM_POVERTY"
    RURAL_STARTER = "RURAL_STARTER"


@dataclass(frozen=True, slots=True)
class Happening:
    """A stored event that still stands."""

    id: UUID
    kind: Kind
    effective_on: date
    amount_fen: int | None = None
    until: date | None = None
    contract_ppm: int | None = None
    benchmark_ppm: int | None = None
    rule_id: str | None = None


@dataclass(frozen=True, slots=True)
class Borrower:
    """Number and name in their normal forms."""

    id_type: str
    number: str
    name: str


RETRACTABLE = frozenset(
    {
        Kind.REPAYMENT,
        Kind.OVERDUE,
        Kind.STOP,
        Kind.EXTENSION,
        Kind.RATE_RESET,
        Kind.RE_RULE,
        Kind.COMPENSATION,
        Kind.RECOVERY,
        Kind.WRITE_OFF,
    }
)


def identify(id_type: str, number: str, name: str, today: date) -> tuple[Borrower | None, list[FieldError]]:
    """The borrower, or what is wrong with number and name.

    Args:
        id_type: of `IdType`, or USCC for an enterprise.
    """
    faults, normal, known = [], "", ""
    try:
        normal = parse_uscc(number).number if id_type == USCC else normalise(IdType(id_type), number, today)
    except IdentifierError as wrong:
        faults.append(FieldError("/borrower/id_number", wrong.code, f"{wrong.message}。"))
    try:
        known = _enterprise_name(name) if id_type == USCC else normalise_name(name)
    except IdentifierError as wrong:
        faults.append(FieldError("/borrower/name", wrong.code, f"{wrong.message}。"))
    return (None, faults) if faults else (Borrower(id_type, normal, known), [])


def _enterprise_name(text: str) -> str:
    name = text.strip(" ")
    if not 2 <= len(name) <= 100 or not name.isprintable():
        raise IdentifierError("NAME_LENGTH", "单位名称应为2至100个可见字符，请您核对后重新输入")
    return name


def may_see(own_unit: str | None, own_bank: str | None, unit: str, bank: str) -> bool:
    """A bank sees its own loans, a district its own; the city and those without either see all."""
    return own_unit in (None, CITY, unit) and own_bank in (None, bank)


class RepeatObstacle(StrEnum):
    """Why a borrower who has had a loan may not have another yet."""

    EFFECT_NOT_RECOGNISED = "EFFECT_NOT_RECOGNISED"
    OVERDUE_HISTORY = "OVERDUE_HISTORY"


@dataclass(frozen=True, slots=True)
class History:
    """A borrower's earlier loans at all banks; cancelled ones are not among them.

    Attributes:
        overdue_loans: of which anything was overdue beyond the days of grace.
        compensated_loans: which the fund had to pay.
        outstanding_fen: what is still owed of them, to banks and to the fund.
    """

    loans: int
    overdue_loans: int
    compensated_loans: int
    outstanding_fen: int


def repeat_obstacles(history: History, rule: RepeatRule | None, is_effect_recognised: bool) -> list[RepeatObstacle]:
    """What stands against another loan; nothing for a first one (郑政〔2018〕31号（十）)."""
    if history.loans == 0 or rule is None:
        return []
    found = []
    if rule.needs_recognised_effect and not is_effect_recognised:
        found.append(RepeatObstacle.EFFECT_NOT_RECOGNISED)
    if rule.refuses_overdue_history and history.overdue_loans + history.compensated_loans > 0:
        found.append(RepeatObstacle.OVERDUE_HISTORY)
    return found


def find_rule(
    catalogue: Catalogue, asked: str | None, kind: BorrowerKind, disbursed_on: date
) -> tuple[SubsidyRule | None, FieldError | None]:
    """The rule that a disbursement freezes: the one asked for, or the only one that fits day and kind of borrower.

    Rules of poor areas are taken only when asked for: no row says which place is one.
    """
    fitting = {
        rule.rule_id: rule for rule in catalogue.select(disbursed_on, kind) if rule.keyed_by is DateKey.DISBURSED
    }
    if asked is not None:
        if asked in fitting:
            return fitting[asked], None
        return None, FieldError("/rule", "NOT_IN_FORCE", "该规则在发放日不适用于这类借款人，请查看贴息规则后改选。")
    usual = [rule for rule in fitting.values() if rule.region_class is not RegionClass.POOR_AREA]
    if len(usual) == 1:
        return usual[0], None
    if not usual:
        return None, FieldError("/disbursed_on", "NO_RULE", "发放日没有适用于这类借款人的贴息规则，请核对日期。")
    return None, FieldError(
        "/rule", "REQUIRED", f"发放日有多条规则适用，请指明一条：{'、'.join(rule.rule_id for rule in usual)}。"
    )


def rule_on(frozen: str, happenings: Sequence[Happening], day: date) -> str:
    """The rule that holds on a day: the one frozen at disbursement until another was put in its place."""
    changes = [one for one in happenings if one.kind is Kind.RE_RULE and one.effective_on <= day]
    return max(changes, key=lambda one: one.effective_on).rule_id or frozen if changes else frozen


def subsidy_events(happenings: Sequence[Happening]) -> tuple[Event, ...]:
    """What the arithmetic needs of them, in their order."""
    return tuple(event for one in happenings if (event := subsidy_event(one)) is not None)


def subsidy_event(one: Happening) -> Event | None:
    """None for what does not touch the subsidy."""
    reading: Mapping[Kind, Callable[[], Event]] = {
        Kind.REPAYMENT: lambda: Repayment(one.effective_on, one.amount_fen or 0),
        Kind.OVERDUE: lambda: Overdue(one.effective_on, one.amount_fen or 0, one.until),
        Kind.STOP: lambda: Stop(one.effective_on),
        Kind.EXTENSION: lambda: Extension(one.effective_on, one.until),
        Kind.COMPENSATION: lambda: Compensation(one.effective_on),
        Kind.RATE_RESET: lambda: RateReset(one.effective_on, one.contract_ppm or 0, one.benchmark_ppm),
    }
    read = reading.get(one.kind)
    return read() if read else None


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event moves: fen owed to the bank, fen owed to the fund, and the fund's journal."""

    outstanding_fen: int = 0
    receivable_fen: int = 0
    transfers: tuple[funds.Transfer, ...] = ()

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(
            self.outstanding_fen + other.outstanding_fen,
            self.receivable_fen + other.receivable_fen,
            self.transfers + other.transfers,
        )


def effect_of(kind: Kind, amount_fen: int) -> Effect:
    """Of an event of a disbursed loan; nothing where no money moves."""
    match kind:
        case Kind.REPAYMENT:
            return Effect(-amount_fen, 0, tuple(funds.relieve(amount_fen)))
        case Kind.COMPENSATION:
            return Effect(-amount_fen, amount_fen, tuple(funds.compensate(amount_fen)))
        case Kind.RECOVERY:
            return Effect(0, -amount_fen, tuple(funds.recover(amount_fen)))
        case Kind.WRITE_OFF:
            return Effect(0, -amount_fen, tuple(funds.write_off(amount_fen)))
        case _:
            return Effect()


def effect_of_retraction(kind: Kind, amount_fen: int) -> Effect:
    """Of taking back an event: what it moved moves back."""
    match kind:
        case Kind.REPAYMENT:
            return Effect(amount_fen, 0, tuple(funds.burden(amount_fen)))
        case Kind.COMPENSATION:
            return Effect(amount_fen, -amount_fen, tuple(funds.uncompensate(amount_fen)))
        case Kind.RECOVERY:
            return Effect(0, amount_fen, tuple(funds.unrecover(amount_fen)))
        case Kind.WRITE_OFF:
            return Effect(0, amount_fen, tuple(funds.unwrite_off(amount_fen)))
        case _:
            return Effect()


def settling(state: State, outstanding_fen: int, standing: Collection[Kind]) -> Kind | None:
    """What follows from what is owed and from what still stands.

    A loan repaid in full is closed; it is open again if it turns out not to be, and so are a compensation and a
    write-off that were taken back.
    """
    if state is State.WRITTEN_OFF and Kind.WRITE_OFF not in standing:
        return Kind.REOPENED
    if state is State.COMPENSATED and Kind.COMPENSATION not in standing:
        return Kind.REOPENED
    if state is State.DISBURSED and outstanding_fen == 0:
        return Kind.SETTLED
    if state is State.CLOSED and outstanding_fen > 0:
        return Kind.REOPENED
    return None


FIELDS: Mapping[Kind, tuple[frozenset[str], frozenset[str]]] = {  # required, optional
    Kind.REPAYMENT: (frozenset({"amount", "bank_ref"}), frozenset({"retracts"})),
    Kind.OVERDUE: (frozenset({"amount", "bank_ref"}), frozenset({"until", "retracts"})),
    Kind.STOP: (frozenset(), frozenset({"bank_ref", "retracts"})),
    Kind.EXTENSION: (frozenset({"until", "bank_ref"}), frozenset({"retracts"})),
    Kind.RATE_RESET: (frozenset({"contract_rate", "bank_ref"}), frozenset({"benchmark_rate", "retracts"})),
    Kind.COMPENSATION: (frozenset({"amount", "bank_ref"}), frozenset()),
    Kind.RECOVERY: (frozenset({"amount", "bank_ref"}), frozenset()),
    Kind.WRITE_OFF: (frozenset({"amount"}), frozenset({"bank_ref"})),
    Kind.RETRACTION: (frozenset({"retracts"}), frozenset({"bank_ref"})),
}
