"""The catalogue on the wire."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from eligibility_svc.language.closures import Rule
from eligibility_svc.measures.domain import (
    AllOf,
    AnyOf,
    AtLeast,
    Benefit,
    Catalogue,
    Citation,
    Criterion,
    Edition,
    Parameter,
    Quota,
    Requirement,
)
from kit.http.wire import ResponseModel


class CitationRead(ResponseModel):
    """Where it stands in the law."""

    document: Annotated[str, Field(examples=["郑政〔2018〕31号"])]
    clause: Annotated[str, Field(examples=["七"])]

    @classmethod
    def of(cls, citation: Citation) -> "CitationRead":
        return cls(document=citation.document, clause=citation.clause)


class InForceRead(ResponseModel):
    """From a day until another one, that day no longer included."""

    model_config = ResponseModel.model_config | {"populate_by_name": True}

    from_on: Annotated[date, Field(alias="from")]
    until: date | None


class DatedValueRead(ResponseModel):
    model_config = ResponseModel.model_config | {"populate_by_name": True}

    from_on: Annotated[date, Field(alias="from")]
    value: Annotated[str | int | None, Field(description="尚待实施细则确定的为空")]
    citation: CitationRead


class ParameterRead(ResponseModel):
    """A figure of the law with its history."""

    name: str
    label: str
    type: Literal["MONEY", "COUNT", "PERCENT", "DATE"]
    unit: str
    value: Annotated[str | int | None, Field(description="查询日期的值；尚待实施细则确定的为空")]
    values: list[DatedValueRead]


class CriterionRead(ResponseModel):
    """A condition of the law."""

    id: str
    text: str
    when: Annotated[str, Field(description="判断式：事实、$参数和日期")]
    facts: list[str]
    parameters: list[str]
    citation: CitationRead


class TierCriterionRead(CriterionRead):
    """A condition that opens a better benefit."""

    code: str
    name: str


class PayerRead(ResponseModel):
    code: str
    name: str
    when: Annotated[str | None, Field(description="在什么情况下由它支付；为空表示总是")]


class BenefitTermsRead(ResponseModel):
    """What the measure gives."""

    status: Literal["FIXED", "CAPPED", "SET_BY_RULES", "NONE"]
    formula: str | None
    ceiling: str | None
    per: str | None
    per_name: str | None
    payers: list[PayerRead]
    tiers: list[TierCriterionRead]


class QuotaTermsRead(ResponseModel):
    """What number is owed."""

    unit: str
    owed: str
    owed_at_most: str | None
    done: str | None
    due: str | None


class CostRead(ResponseModel):
    code: str
    name: str


class NoteRead(ResponseModel):
    text: str
    citation: CitationRead


class TermsRead(ResponseModel):
    """What holds for one subject; `requires` is a tree of criteria."""

    subject: str
    requires: Annotated[
        Any,
        Field(description='条件，或{"all": […]}、{"any": […]}、{"at_least": n, "of": […]}'),
        WithJsonSchema({"type": "object"}),
    ]
    benefit: BenefitTermsRead
    quota: QuotaTermsRead | None


class MeasureRead(ResponseModel):
    """A measure as it stands on a date."""

    code: str
    name: str
    family: Literal["GRANT", "QUOTA", "SERVICE"]
    subjects: list[str]
    citations: list[CitationRead]
    in_force: InForceRead
    parameters: list[ParameterRead]
    terms: list[TermsRead]
    once: Annotated[Literal["LIFE", "YEAR"] | None, Field(description="LIFE一生一次，YEAR一年一次")]
    is_cumulative: Annotated[bool, Field(description="按自始累计的费用计算，以前已发放的从中扣除")]
    is_per_person: Annotated[bool, Field(description="申请须写明所涉及的人员，每人只享受一次或不超过规定的月数")]
    costs: Annotated[list[CostRead], Field(description="为哪些费用付款；两项措施付同一费用时会标出")]
    notes: list[NoteRead]
    as_of: date
    catalogue_version: str

    @classmethod
    def of(cls, edition: Edition, catalogue: Catalogue, as_of: date) -> "MeasureRead":
        return cls(
            code=edition.code,
            name=edition.name,
            family=edition.family.value,
            subjects=list(edition.subjects),
            citations=[CitationRead.of(citation) for citation in edition.citations],
            in_force=InForceRead(from_on=edition.in_force_from, until=edition.in_force_until),
            parameters=[_parameter(parameter, as_of) for parameter in edition.parameters.values()],
            terms=[
                TermsRead(
                    subject=subject,
                    requires=_requirement(terms.requires),
                    benefit=_benefit(terms.benefit, catalogue),
                    quota=_quota(terms.quota) if terms.quota else None,
                )
                for subject, terms in edition.terms.items()
            ],
            once=edition.relations.once,
            is_cumulative=edition.relations.is_cumulative,
            is_per_person=edition.relations.per_person is not None,
            costs=[CostRead(code=code, name=catalogue.costs[code]) for code in edition.relations.costs],
            notes=[NoteRead(text=note.text, citation=CitationRead.of(note.citation)) for note in edition.notes],
            as_of=as_of,
            catalogue_version=catalogue.version,
        )


class MeasuresRead(ResponseModel):
    """The catalogue, whole."""

    as_of: date
    catalogue_version: str
    items: list[MeasureRead]


def _criterion(criterion: Criterion) -> dict[str, Any]:
    return {
        "id": criterion.id,
        "text": criterion.text,
        "when": criterion.rule.source,
        "facts": list(criterion.rule.facts),
        "parameters": list(criterion.rule.parameters),
        "citation": CitationRead.of(criterion.citation),
    }


def _requirement(requirement: Requirement) -> Any:
    match requirement:
        case Criterion():
            return CriterionRead(**_criterion(requirement))
        case AllOf(parts=parts):
            return {"all": [_requirement(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [_requirement(part) for part in parts]}
        case AtLeast(count=count, parts=parts):
            return {"at_least": count, "of": [_requirement(part) for part in parts]}


def _parameter(parameter: Parameter, as_of: date) -> ParameterRead:
    current = parameter.on(as_of)
    return ParameterRead(
        name=parameter.name,
        label=parameter.label,
        type=parameter.type.value,
        unit=parameter.unit,
        value=parameter.wire(current.value) if current else None,
        values=[
            DatedValueRead(
                from_on=dated.from_on, value=parameter.wire(dated.value), citation=CitationRead.of(dated.citation)
            )
            for dated in parameter.values
        ],
    )


def _source(rule: Rule | None) -> str | None:
    return rule.source if rule else None


def _benefit(benefit: Benefit, catalogue: Catalogue) -> BenefitTermsRead:
    return BenefitTermsRead(
        status=benefit.status.value,
        formula=_source(benefit.formula),
        ceiling=_source(benefit.ceiling),
        per=benefit.per,
        per_name=catalogue.per[benefit.per] if benefit.per else None,
        payers=[
            PayerRead(code=payer.code, name=catalogue.payers[payer.code], when=_source(payer.rule))
            for payer in benefit.payers
        ],
        tiers=[
            TierCriterionRead(code=tier.code, name=tier.name, **_criterion(tier.criterion)) for tier in benefit.tiers
        ],
    )


def _quota(quota: Quota) -> QuotaTermsRead:
    return QuotaTermsRead(
        unit=quota.unit,
        owed=quota.owed.source,
        owed_at_most=_source(quota.owed_at_most),
        done=_source(quota.done),
        due=_source(quota.due),
    )
