"""Applications on the wire. Numbers and names are masked in every answer."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from eligibility_svc.applications import examples
from eligibility_svc.applications.course import ApplicationView, StepView, persons_of
from eligibility_svc.applications.domain import USCC, Applicant, Decision, State, Step
from eligibility_svc.applications.models import ApplicationRow, RatingRow
from eligibility_svc.applications.submission import Submission
from eligibility_svc.checks.schemas import MeasureCode, ResultRead, SubmittedFacts
from eligibility_svc.facts.domain import Subject
from eligibility_svc.measures.repository import catalogue
from kit.http.paging import Page
from kit.http.wire import Code, LegalDate, RequestModel, ResponseModel, YuanIn, YuanOut
from kit.identifiers.masking import mask_id, mask_name

_MIN_REASON = 5


def _reason(text: str) -> str:
    if len(text.strip()) < _MIN_REASON:
        raise ValueError("REASON|请写明原因，至少5个字")
    return text.strip()


Reason = Annotated[
    str, StringConstraints(max_length=1000), AfterValidator(_reason), Field(json_schema_extra={"minLength": 5})
]
IdTypeText = Literal["RESIDENT_ID", "HMT_RESIDENCE", "FOREIGN_PR", "PASSPORT", "HMT_PASS", "USCC"]


def _with_examples(*shown: Any) -> Any:
    return RequestModel.model_config | {"json_schema_extra": {"examples": list(shown)}}


def _answers(shown: Any) -> Any:
    return ResponseModel.model_config | {"json_schema_extra": {"examples": [shown]}}


class ApplicantCreate(RequestModel):
    """Who applies: a person's document, or USCC for anybody else."""

    id_type: IdTypeText
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]

    def applicant(self) -> Applicant:
        """For the use case."""
        return Applicant(self.id_type, self.id_number, self.name)


class ApplicationCreate(RequestModel):
    """An application for a grant."""

    measure: MeasureCode
    applicant: ApplicantCreate
    facts: SubmittedFacts
    as_of: Annotated[LegalDate | None, Field(description="按哪一天的政策判断，默认今天（北京时间）")] = None
    subject: Annotated[Subject | None, Field(description="措施有多种申请对象、证件不能区分时填写")] = None
    unit: Annotated[
        Code | None, Field(description="受理单位ZZ00至ZZ15；默认窗口所在单位，其次户籍地、常住地，再次市本级ZZ00")
    ] = None

    persons: Annotated[
        list[ApplicantCreate],
        Field(
            default_factory=list,
            max_length=100,
            description="按人计的待遇（见目录is_per_person）所涉及的人员，如所招用的毕业生；其他待遇不填",
        ),
    ]

    model_config = _with_examples(examples.APPLICATION, examples.ABOUT_A_PERSON)

    def submission(self) -> Submission:
        """For the use case."""
        persons = [each.applicant() for each in self.persons]
        return Submission(
            self.measure, self.applicant.applicant(), self.facts, self.as_of, self.subject, self.unit, persons
        )


class ResubmissionCreate(RequestModel):
    """Facts that replace the earlier ones."""

    facts: SubmittedFacts
    persons: Annotated[
        list[ApplicantCreate] | None, Field(max_length=100, description="所涉及的人员；不填为与上次相同")
    ] = None

    model_config = _with_examples({"facts": examples.FACTS})


class ReasonCreate(RequestModel):
    """Why it is returned, or should be looked at again."""

    reason: Reason

    model_config = _with_examples({"reason": "营业执照登记的开业日期与填报不一致，请核对"})


def _nobodys(reason: str) -> str:
    if re.search(r"[0-9]{11}", reason):
        raise ValueError("PERSONAL_DATA|理由会长期留在审计记录里，请不要写证件号码或电话号码")
    return reason


class UnmaskingCreate(RequestModel):
    """Why somebody needs the whole number; it stays in the audit trail."""

    reason: Annotated[Reason, AfterValidator(_nobodys)]

    model_config = _with_examples({"reason": "发放前与身份证原件核对"})


class DecisionCreate(RequestModel):
    """Granted or refused; a refusal has a reason."""

    decision: Annotated[Decision, Field(strict=False)]
    reason: Reason | None = None
    amount: Annotated[
        YuanIn | None, Field(description="核定的金额；只在通知规定上限时可以填写，不填为核对结果的金额")
    ] = None

    model_config = _with_examples(
        {"decision": "GRANT"}, {"decision": "REFUSE", "reason": "经核实并非首次创办企业，见工商登记"}
    )

    @model_validator(mode="after")
    def _complete(self) -> "DecisionCreate":
        if self.decision is Decision.REFUSE and self.reason is None:
            raise ValueError("REASON|不予批准须写明原因，至少5个字")
        if self.decision is Decision.REFUSE and self.amount is not None:
            raise ValueError("AMOUNT|不予批准不填金额")
        return self


class PaymentCreate(RequestModel):
    """That it was paid, and under which reference of the treasury."""

    paid_on: LegalDate
    reference: Annotated[Code, Field(description="支付凭证号；不得含个人信息")]

    model_config = _with_examples({"paid_on": "2018-09-20", "reference": "ZF-2018-000123"})


class RatingCreate(RequestModel):
    """好差评."""

    score: Annotated[int, Field(ge=1, le=5, description="5非常满意 4满意 3基本满意 2不满意 1非常不满意")]
    reason: Annotated[Reason | None, Field(description="2分及以下须写明原因")] = None

    model_config = _with_examples({"score": 5}, {"score": 2, "reason": "等了两个月才有结果"})

    @model_validator(mode="after")
    def _complete(self) -> "RatingCreate":
        if self.score <= 2 and self.reason is None:
            raise ValueError("REASON|请写明不满意的原因，至少5个字，以便我们改进")
        return self


class OwnRatingCreate(RatingCreate):
    """好差评 by the applicant, wherever the application was submitted."""

    application_id: Annotated[UUID, Field(strict=False, description="申请编号，可按证件查询")]
    applicant: ApplicantCreate

    model_config = _with_examples(
        {"application_id": examples.READ["id"], "applicant": examples.APPLICATION["applicant"], "score": 5}
    )


class ApplicantRead(ResponseModel):
    """Masked; `ref` is the pseudonym under which grants are registered."""

    ref: UUID
    id_type: str
    id_number: Annotated[str, Field(description="脱敏；统一社会信用代码公开，不脱敏")]
    name: str


class PersonRead(ResponseModel):
    """Whom a claim is about, masked."""

    id_type: str
    id_number: str
    name: str


class UnmaskedRead(ResponseModel):
    """The applicant as submitted, not masked; likewise whom a claim is about."""

    applicant: PersonRead
    persons: list[PersonRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "applicant": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"},
                    "persons": [],
                }
            ]
        }
    }

    @classmethod
    def of(cls, applicant: Applicant, persons: Sequence[Applicant]) -> "UnmaskedRead":
        shown = [
            PersonRead(id_type=each.id_type, id_number=each.id_number, name=each.name) for each in (applicant, *persons)
        ]
        return cls(applicant=shown[0], persons=shown[1:])


class CheckedRead(ResponseModel):
    """A check as it was stored; it is never computed again."""

    catalogue_version: str
    facts: dict[str, Any]
    result: ResultRead


class DecisionRead(CheckedRead):
    """A decision with what it rests on."""

    decision: Literal["GRANT", "REFUSE"]
    decided_at: datetime
    decided_by: str
    is_review: Annotated[bool, Field(description="是否为复核后的决定")]
    reason: str | None
    amount: YuanOut | None


class PaymentRead(ResponseModel):
    paid_on: date
    amount: YuanOut
    reference: str


class StepRead(ResponseModel):
    """One entry of the course of the application."""

    step: str
    state: str
    at: datetime
    reason: str | None


class ReviewPathRead(ResponseModel):
    """How to have a refusal looked at again by a person."""

    href: str
    note_zh: str


class ApplicationRead(ResponseModel):
    """An application and everything that happened to it, without its rating."""

    id: UUID
    measure: str
    name: str
    subject: str
    unit: str
    state: State
    state_zh: str
    as_of: date
    submitted_at: datetime
    submitted_by: str
    applicant: ApplicantRead
    persons: Annotated[list[PersonRead], Field(description="所涉及的人员，脱敏")]
    check: Annotated[CheckedRead, Field(description="最近一次提交时的核对结果")]
    decision: Annotated[DecisionRead | None, Field(description="最近一次决定")]
    payment: PaymentRead | None
    review: Annotated[ReviewPathRead | None, Field(description="不予批准时，怎样申请人工复核")]
    history: list[StepRead]
    next_step_zh: str

    model_config = _answers(examples.READ)

    @classmethod
    def of(cls, view: ApplicationView) -> "ApplicationRead":
        row, state = view.row, State(view.row.state)
        submitted = _last(view.steps, Step.SUBMIT, Step.RESUBMIT)
        decided = _last(view.steps, Step.GRANT, Step.REFUSE)
        paid = _last(view.steps, Step.PAY)
        assert submitted is not None
        is_decided = row.decided_by is not None
        return cls(
            id=row.application_id,
            measure=row.measure,
            name=catalogue().measures[row.measure][-1].name,
            subject=row.subject,
            unit=row.unit,
            state=state,
            state_zh=state.label,
            as_of=row.as_of,
            submitted_at=row.created_at,
            submitted_by=row.created_by,
            applicant=_applicant(view),
            persons=[_person(person) for person in persons_of(submitted.content)],
            check=CheckedRead(**_checked(submitted)),
            decision=_decision(decided, row) if decided and is_decided else None,
            payment=_payment(paid) if paid and row.paid_by is not None else None,
            review=_review(row) if state is State.REFUSED and row.reviewed_by is None else None,
            history=[_step(step) for step in view.steps],
            next_step_zh=_next_step(row, state),
        )


class ApplicationSummary(ResponseModel):
    """An application in a list, without anything of the person."""

    id: UUID
    measure: str
    unit: str
    state: State
    as_of: date
    submitted_at: datetime
    applicant_ref: UUID


class ApplicationList(ResponseModel):
    """A page of applications."""

    items: list[ApplicationSummary]
    next: str | None

    model_config = _answers(examples.LISTED)

    @classmethod
    def of_page(cls, rows: Sequence[ApplicationRow], page: Page, filters: Mapping[str, Any]) -> "ApplicationList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        return cls(
            items=[
                ApplicationSummary(
                    id=row.application_id,
                    measure=row.measure,
                    unit=row.unit,
                    state=State(row.state),
                    as_of=row.as_of,
                    submitted_at=row.created_at,
                    applicant_ref=row.applicant_ref,
                )
                for row in shown
            ],
            next=page.next([str(shown[-1].application_id)], filters) if len(rows) > page.limit else None,
        )


class ApplicationSearch(RequestModel):
    """Whose applications are looked for; in the body, because numbers do not belong into an address."""

    applicant: ApplicantCreate

    model_config = _with_examples({"applicant": examples.APPLICATION["applicant"]})


class OwnReviewCreate(RequestModel):
    """A refusal that the applicant wants looked at again, wherever it was submitted."""

    application_id: Annotated[UUID, Field(strict=False, description="申请编号，可按证件查询")]
    applicant: ApplicantCreate
    reason: Reason

    model_config = _with_examples(
        {
            "application_id": examples.READ["id"],
            "applicant": examples.APPLICATION["applicant"],
            "reason": "确为首次创办，附工商登记证明",
        }
    )


class ProgressRead(ResponseModel):
    """How an application stands, without anything of the person."""

    id: UUID
    measure: str
    name: str
    unit: str
    state: State
    state_zh: str
    submitted_at: datetime
    is_own: Annotated[bool, Field(description="是否由本账号提交；其他渠道提交的只能看进度，办理请回原渠道或到窗口")]
    next_step_zh: str

    model_config = _answers(examples.FOUND["items"][0])

    @classmethod
    def of(cls, row: ApplicationRow, account: str) -> "ProgressRead":
        state = State(row.state)
        return cls(
            id=row.application_id,
            measure=row.measure,
            name=catalogue().measures[row.measure][-1].name,
            unit=row.unit,
            state=state,
            state_zh=state.label,
            submitted_at=row.created_at,
            is_own=row.created_by == account,
            next_step_zh=_next_step(row, state),
        )


class ProgressList(ResponseModel):
    """What was found, the latest first, at most a hundred."""

    items: list[ProgressRead]

    model_config = _answers(examples.FOUND)


class RatedRead(ResponseModel):
    """That the rating was taken; it is not repeated."""

    application_id: UUID
    message_zh: str

    model_config = _answers(examples.RATED)


class RatingRead(ResponseModel):
    """A rating, for who supervises the offices."""

    application_id: UUID
    unit: str
    measure: str
    score: int
    reason: str | None
    rated_at: datetime


class RatingList(ResponseModel):
    """A page of ratings."""

    items: list[RatingRead]
    next: str | None

    model_config = _answers(examples.RATINGS)

    @classmethod
    def of_page(cls, rows: Sequence[tuple[RatingRow, str]], page: Page, filters: Mapping[str, Any]) -> "RatingList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        return cls(
            items=[
                RatingRead(
                    application_id=row.application_id,
                    unit=row.unit,
                    measure=row.measure,
                    score=row.score,
                    reason=reason or None,
                    rated_at=row.rated_at,
                )
                for row, reason in shown
            ],
            next=page.next([str(shown[-1][0].application_id)], filters) if len(rows) > page.limit else None,
        )


_NEXT_STEPS = {
    State.SUBMITTED: "申请已提交，请等待受理；作出决定前您可以撤回。",
    State.RETURNED: "请按退回原因补正后重新提交，如有疑问请拨打12333。",
    State.ACCEPTED: "申请已受理，请等待办理结果。",
    State.GRANTED: "申请已准予，请等待发放；欢迎您对本次服务作出评价。",
    State.REFUSED: "您可以查看原因，并申请由另一位工作人员人工复核。",
    State.REVIEW_REQUESTED: "您的复核申请已收到，将由未经手的工作人员办理。",
    State.PAID: "补贴已发放，请查收；欢迎您对本次服务作出评价。",
    State.PAYMENT_FAILED: "补贴发放未成功，请到受理窗口核对收款账户，核对后重新发放。",
    State.WITHDRAWN: "申请已撤回；如需办理请重新提交。",
    State.REVOKED: "待遇已撤销；请查看原因，有异议可依法申请行政复议或提起行政诉讼。",
}
_AFTER_REVIEW = {State.REFUSED: "复核维持原决定；您可以依法申请行政复议或提起行政诉讼。"}


def _next_step(row: ApplicationRow, state: State) -> str:
    return _NEXT_STEPS[state] if row.reviewed_by is None else _AFTER_REVIEW.get(state, _NEXT_STEPS[state])


def _last(steps: Sequence[StepView], *wanted: Step) -> StepView | None:
    return next((step for step in reversed(steps) if step.row.step in wanted), None)


def _checked(step: StepView) -> dict[str, Any]:
    return {
        "catalogue_version": step.row.catalogue_version,
        "facts": step.content["facts"],
        "result": step.content["result"],
    }


def _applicant(view: ApplicationView) -> ApplicantRead:
    who = view.applicant
    is_public = who.id_type == USCC
    return ApplicantRead(
        ref=view.row.applicant_ref,
        id_type=who.id_type,
        id_number=who.id_number if is_public else mask_id(who.id_number),
        name=who.name if is_public else mask_name(who.name),
    )


def _person(person: Applicant) -> PersonRead:
    return PersonRead(id_type=person.id_type, id_number=mask_id(person.id_number), name=mask_name(person.name))


def _decision(step: StepView, row: ApplicationRow) -> DecisionRead:
    return DecisionRead(
        **_checked(step),
        decision=step.row.step,
        decided_at=step.row.at,
        decided_by=step.row.by,
        is_review=row.reviewed_by == step.row.by,
        reason=step.content.get("reason"),
        amount=step.row.amount_fen,
    )


def _payment(step: StepView) -> PaymentRead:
    return PaymentRead(paid_on=step.row.paid_on, amount=step.row.amount_fen, reference=step.content["reference"])


def _review(row: ApplicationRow) -> ReviewPathRead:
    return ReviewPathRead(
        href=f"/api/v1/eligibility/applications/{row.application_id}/review-request",
        note_zh="对结果有异议的，可以说明理由申请人工复核，由未经手的工作人员重新核实；也可到服务窗口或拨打12333提出。",
    )


def _step(step: StepView) -> StepRead:
    return StepRead(step=step.row.step, state=step.row.state, at=step.row.at, reason=step.content.get("reason"))
