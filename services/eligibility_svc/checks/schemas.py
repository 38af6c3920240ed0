"""Checks on the wire."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from eligibility_svc.checks.domain import Answer, BenefitAnswer, Reason
from eligibility_svc.checks.messages import MAX_LENGTH, message
from eligibility_svc.facts.domain import Subject, Vocabulary
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.facts.schemas import value_schema
from eligibility_svc.measures.domain import Catalogue, Citation
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.measures.schemas import CitationRead, NoteRead
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, ShortText
from kit.money import yuan


def _facts_schema(words: Vocabulary) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "已知的事实。缺少或为null表示未知；false和0是回答。名称和取值见事实词表。",
        "properties": {fact.name: {"anyOf": [value_schema(fact), {"type": "null"}]} for fact in words.facts},
        "additionalProperties": False,
    }


SubmittedFacts = Annotated[dict[str, Any], Field(max_length=200), WithJsonSchema(_facts_schema(vocabulary()))]


MeasureCode = Annotated[Code, WithJsonSchema({"type": "string", "enum": list(catalogue().measures)})]


MOST_CHECKS = 50
CatalogueVersion = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}(\.[1-9][0-9]{0,5})?$", max_length=23)]


class CheckCreate(RequestModel):
    """What to check."""

    subject: Annotated[Subject, Field(description="申请对象")]
    as_of: Annotated[LegalDate | None, Field(description="按哪一天的政策判断，默认今天（北京时间）")] = None
    facts: SubmittedFacts
    measures: Annotated[
        list[MeasureCode] | None,
        Field(min_length=1, max_length=100, description="只查这些措施；不填为该对象的全部措施"),
    ] = None
    applicant_ref: Annotated[
        UUID | None,
        Field(strict=False, description="申请人代号；填写后计入以前已给予的待遇，需要 eligibility.grant.read 权限"),
    ] = None
    catalogue_version: Annotated[
        CatalogueVersion | None, Field(description="按以前某次核对的目录版本重现；不填为现行版本")
    ] = None


class ParameterUsedRead(ResponseModel):
    """A figure of the law as it stood on the day."""

    label: str
    value: Annotated[str | int | None, Field(description="金额为元，比例为百分数，两位小数；尚待实施细则确定的为空")]
    unit: str


class ReasonRead(ResponseModel):
    """One criterion."""

    criterion: str
    text: str
    role: Annotated[
        Literal["REQUIREMENT", "BENEFIT"], Field(description="REQUIREMENT决定是否符合，BENEFIT只影响待遇高低")
    ]
    outcome: Literal["MET", "UNMET", "UNKNOWN"]
    facts: Annotated[dict[str, Any], Field(description="用到的事实；null为未知")]
    parameters: dict[str, ParameterUsedRead]
    citation: CitationRead
    met_on: Annotated[
        date | None, Field(description="只差时间的条件，从哪一天起满足", exclude_if=lambda day: day is None)
    ] = None


class TierRead(ResponseModel):
    """A better benefit and whether its criterion is met."""

    code: str
    name: str
    outcome: Literal["MET", "UNMET", "UNKNOWN"]


class BenefitRead(ResponseModel):
    """What is given."""

    status: Annotated[
        Literal["FIXED", "CAPPED", "SET_BY_RULES", "NONE"],
        Field(description="FIXED金额由通知规定，CAPPED通知规定上限，SET_BY_RULES由实施细则确定，NONE不是金钱待遇"),
    ]
    amount: Annotated[str | None, Field(description="元，两位小数。不符合条件或金额未定时为空；无法判断时为符合后可得")]
    is_ceiling: Annotated[bool, Field(description="金额为最高限额，尚不能由事实算出")]
    payer: Annotated[str | None, Field(description="由谁支付；通知未写明或取决于未知事实时为空")]
    payer_name: str | None
    per: Annotated[str | None, Field(description="标准按什么计：ONCE一次性、DAY每人每天、YEAR每年……")]
    per_name: str | None
    tiers: list[TierRead]
    arithmetic: Annotated[list[str], Field(description="计算过程，逐行")]
    missing_facts: Annotated[list[str], Field(description="不影响是否符合，但影响金额或支付方的未知事实")]


class QuotaRead(ResponseModel):
    """A number owed."""

    owed: Annotated[int | None, Field(description="至少应完成数；不足1个的进位为1个")]
    owed_at_most: Annotated[int | None, Field(description="目标范围的上限")]
    unit: str
    done: int | None
    lacking: int | None
    due_on: date | None
    arithmetic: list[str]
    missing_facts: list[str]


class ResultRead(ResponseModel):
    """What the check says about one measure."""

    measure: str
    name: str
    family: Annotated[Literal["GRANT", "QUOTA", "SERVICE"], Field(description="GRANT待遇，QUOTA任务，SERVICE服务")]
    outcome: Annotated[
        Literal["ELIGIBLE", "NOT_ELIGIBLE", "UNDETERMINED"],
        Field(description="对QUOTA，ELIGIBLE表示承担这项任务。不符合条件是结果，不是错误"),
    ]
    benefit: BenefitRead
    quota: QuotaRead | None
    notes: Annotated[
        list[NoteRead], Field(default_factory=list, description="通知在条件以外的说明：提供哪些服务、最长多久等")
    ]
    reasons: list[ReasonRead]
    rule: Annotated[
        Any,
        Field(description='条件怎样组合：条件代码，或{"all": […]}、{"any": […]}、{"at_least": n, "of": […]}'),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]}),
    ]
    missing_facts: Annotated[list[str], Field(description="还能改变结果的未知事实，按询问顺序；已有定论时为空")]
    overlaps: Annotated[list[str], Field(description="本次结果中为同一费用付款的其他措施；通知没有规定先后")]
    eligible_on: Annotated[date | None, Field(description="只差时间时，从哪一天起符合条件")]
    eligible_until: Annotated[
        date | None, Field(description="按已知信息，因时间推移将不再符合的，最后符合条件的一天")
    ] = None
    message_zh: Annotated[str, Field(max_length=MAX_LENGTH)]
    next_step_zh: Annotated[str, Field(max_length=MAX_LENGTH)]


class CheckRead(ResponseModel):
    """The answer to a check. It is not stored."""

    as_of: date
    catalogue_version: str
    results: list[ResultRead]


class OneCheckCreate(RequestModel):
    """One of several checks."""

    reference: Annotated[ShortText | None, Field(description="本单位自己的标识，如家庭成员的序号，原样返回")] = None
    subject: Annotated[Subject, Field(description="申请对象")]
    facts: SubmittedFacts
    measures: Annotated[
        list[MeasureCode] | None,
        Field(min_length=1, max_length=100, description="只查这些措施；不填为该对象的全部措施"),
    ] = None


class CheckListCreate(RequestModel):
    """Several checks at once: the members of a household, the same person or firm in several situations."""

    as_of: Annotated[LegalDate | None, Field(description="按哪一天的政策判断，默认今天（北京时间）")] = None
    checks: Annotated[list[OneCheckCreate], Field(min_length=1, max_length=MOST_CHECKS)]
    catalogue_version: Annotated[
        CatalogueVersion | None, Field(description="按以前某次核对的目录版本重现；不填为现行版本")
    ] = None


class OneCheckRead(ResponseModel):
    """The answer to one of several checks."""

    reference: str | None
    subject: Subject
    results: list[ResultRead]


class CheckListRead(ResponseModel):
    """The answers in the order of the checks. They are not stored."""

    as_of: date
    catalogue_version: str
    items: list[OneCheckRead]


def wire(as_of: date, answers: tuple[Answer, ...], known: Catalogue, words: Vocabulary) -> dict[str, Any]:
    """`CheckRead` as plain data; to validate its hundred criteria once more would cost more than the check."""
    return {
        "as_of": as_of.isoformat(),
        "catalogue_version": known.version,
        "results": [wire_result(answer, known, words) for answer in answers],
    }


def wire_result(answer: Answer, known: Catalogue, words: Vocabulary) -> dict[str, Any]:
    """`ResultRead` as plain data."""
    head, middle, tail = wire_parts(answer, known, words)
    reasons = [wire_reason(reason) for reason in answer.reasons]
    return head | {"reasons": reasons} | middle | {"overlaps": answer.overlaps} | tail


def wire_parts(answer: Answer, known: Catalogue, words: Vocabulary) -> tuple[dict[str, Any], ...]:
    """What stands before the reasons of a result, between these and its overlaps, and behind them."""
    text, next_step = message(answer, known, words)
    return (
        {
            "measure": answer.measure,
            "name": answer.name,
            "family": answer.family.value,
            "outcome": answer.outcome.value,
            "benefit": _benefit(answer.benefit, known),
            "quota": None if answer.quota is None else answer.quota._asdict(),
            "notes": [{"text": note.text, "citation": _citation(note.citation)} for note in answer.notes],
        },
        {
            "rule": answer.rule,
            "missing_facts": answer.missing_facts,
        },
        {
            "eligible_on": answer.eligible_on,
            "eligible_until": answer.eligible_until,
            "message_zh": text,
            "next_step_zh": next_step,
        },
    )


def wire_reason(reason: Reason) -> dict[str, Any]:
    """`ReasonRead` as plain data."""
    shown: dict[str, Any] = {
        "criterion": reason.criterion,
        "text": reason.text,
        "role": reason.role.value,
        "outcome": reason.outcome.value,
        "facts": reason.facts,
        "parameters": {name: used._asdict() for name, used in reason.parameters.items()},
        "citation": _citation(reason.citation),
    }
    if reason.met_on is not None:
        shown["met_on"] = reason.met_on
    return shown


def _citation(citation: Citation) -> dict[str, str]:
    return {"document": citation.document, "clause": citation.clause}


def _benefit(benefit: BenefitAnswer, known: Catalogue) -> dict[str, Any]:
    return {
        "status": benefit.status.value,
        "amount": None if benefit.amount is None else yuan(benefit.amount),
        "is_ceiling": benefit.is_ceiling,
        "payer": benefit.payer,
        "payer_name": known.payers.get(benefit.payer) if benefit.payer else None,
        "per": benefit.per,
        "per_name": known.per.get(benefit.per) if benefit.per else None,
        "tiers": [{"code": tier.code, "name": tier.name, "outcome": tier.outcome.value} for tier in benefit.tiers],
        "arithmetic": benefit.arithmetic,
        "missing_facts": benefit.missing_facts,
    }
