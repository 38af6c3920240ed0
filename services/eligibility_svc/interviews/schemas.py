"""Interviews on the wire."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from eligibility_svc.checks.schemas import ResultRead, SubmittedFacts, wire
from eligibility_svc.facts.domain import Subject
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.facts.schemas import ChoiceRead
from eligibility_svc.interviews.domain import Question
from eligibility_svc.interviews.service import Interview
from eligibility_svc.measures.domain import Family
from eligibility_svc.measures.repository import catalogue
from kit.http.wire import LegalDate, RequestModel, ResponseModel


class InterviewCreate(RequestModel):
    """All that is known so far; the service keeps nothing, so an interview goes on anywhere and at any time."""

    subject: Annotated[Subject, Field(description="申请对象")]
    as_of: Annotated[LegalDate | None, Field(description="按哪一天的政策判断，默认今天（北京时间）")] = None
    facts: Annotated[SubmittedFacts, Field(description="已回答的信息；null表示问过而本人不清楚，不再追问")]
    family: Annotated[
        Family | None, Field(strict=False, description="只问这一类措施：GRANT待遇，QUOTA任务，SERVICE服务；不填为全部")
    ] = None


class QuestionRead(ResponseModel):
    """What to ask next."""

    fact: str
    label: Annotated[str, Field(description="信息项的名称")]
    question: Annotated[str, Field(description="自助终端上的提问")]
    type: Literal["BOOL", "COUNT", "MONEY", "DATE", "ENUM", "UNIT", "MONTH_AMOUNTS"]
    unit: str | None
    options: Annotated[list[ChoiceRead], Field(description="可选的取值；没有限定时为空")]
    is_sensitive: Annotated[bool, Field(description="是否属于敏感个人信息")]
    purpose: Annotated[
        Literal["OUTCOME", "AMOUNT"], Field(description="OUTCOME决定是否符合条件，AMOUNT只影响金额或支付方")
    ]
    measures: Annotated[list[str], Field(description="这一回答还能改变的措施")]

    @classmethod
    def of(cls, question: Question) -> "QuestionRead":
        fact = question.fact
        return cls(
            fact=fact.name,
            label=fact.label,
            question=fact.question,
            type=fact.type.value,
            unit=fact.unit,
            options=[ChoiceRead(code=code, label=label) for code, label in fact.choices.items()],
            is_sensitive=fact.is_sensitive,
            purpose=question.purpose.value,
            measures=list(question.measures),
        )


class InterviewRead(ResponseModel):
    """Where the interview stands."""

    as_of: date
    catalogue_version: str
    question: Annotated[QuestionRead | None, Field(description="下一个问题；问完时为空")]
    decided: Annotated[list[str], Field(description="已有定论的措施")]
    undecided: Annotated[list[str], Field(description="尚无定论的措施；问完仍在此列的，请到窗口核实")]
    results: list[ResultRead]


def wire_interview(as_of: date, interview: Interview) -> dict[str, Any]:
    """`InterviewRead` as plain data, like `checks.schemas.wire`."""
    question = interview.question
    return wire(as_of, interview.answers, catalogue(), vocabulary()) | {
        "question": None if question is None else QuestionRead.of(question).model_dump(),
        "decided": interview.decided,
        "undecided": interview.undecided,
    }
