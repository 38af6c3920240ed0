"""Screenings on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema

from eligibility_svc.checks.schemas import CheckRead, MeasureCode
from eligibility_svc.facts.domain import Fact, Subject
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.screenings.domain import MAX_COLUMNS, WorkList
from eligibility_svc.screenings.models import ScreeningRow
from eligibility_svc.screenings.results import COUNTED
from kit.errors import FieldError
from kit.http.paging import Page
from kit.http.wire import LegalDate, RequestModel, ResponseModel, ShortText, YuanOut
from kit.jobs.queue import JobRead

OutcomeName = Literal["ELIGIBLE", "NOT_ELIGIBLE", "UNDETERMINED"]
WorkListName = Literal["NO_APPLICATION", "CONFIRM", "ONE_FACT", "ENDING"]
_FACT_NAMES = sorted({fact.name for fact in vocabulary().facts})
FactName = Annotated[str, WithJsonSchema({"type": "string", "enum": _FACT_NAMES})]


class ScreeningCreate(RequestModel):
    """How a register is read and what is asked of it; the form field `request`."""

    model_config = RequestModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "subject": "PERSON",
                    "as_of": "2018-09-01",
                    "columns": {"出生日期": "birth_date", "建档立卡": "is_poor_household", "培训天数": "training_days"},
                    "reference": "档案号",
                    "district": "所属区县",
                }
            ]
        }
    }

    subject: Annotated[Subject, Field(description="名册各行是谁")]
    columns: Annotated[
        dict[ShortText, FactName], Field(min_length=1, max_length=MAX_COLUMNS, description="列名 → 事实名称")
    ]
    reference: Annotated[ShortText | None, Field(description="本单位自己的行标识列，原样返回，不作解读")] = None
    district: Annotated[
        ShortText | None, Field(description="所属区县列（代码或名称）；不填时取户籍所在县（市、区）")
    ] = None
    as_of: Annotated[LegalDate | None, Field(description="按哪一天的政策判断，默认今天（北京时间）")] = None
    ending_within_days: Annotated[int, Field(ge=1, le=366, description="“快到期”按今后多少天计")] = 30
    measures: Annotated[list[MeasureCode] | None, Field(min_length=1, max_length=100)] = None

    def faults(self) -> list[FieldError]:
        """What the vocabulary and the catalogue say against it."""
        known, of = vocabulary().of(self.subject), set(catalogue().of_subject(self.subject))
        faults = [
            FieldError("/columns", "UNKNOWN_FACT", f"第{number}列对应的事实不属于该对象{_nearest(name, known)}")
            for number, name in enumerate(self.columns.values(), 1)
            if name not in known
        ]
        if len(set(self.columns.values())) != len(self.columns):
            faults.append(FieldError("/columns", "DUPLICATE", "一项事实只能对应一列，请修改"))
        if any(code not in of for code in self.measures or ()):
            faults.append(FieldError("/measures", "UNKNOWN_MEASURE", "有不存在或不属于该对象的措施，请查阅措施目录"))
        return faults


def _nearest(name: str, known: Mapping[str, Fact]) -> str:
    """A hint of ours; what was sent is not repeated."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"（您是否要填 {near[0]}，{known[near[0]].label}？）" if near else "，请查阅事实词表后修改"


class ScreeningAccepted(ResponseModel):
    """The screening and the job that does it."""

    id: UUID
    job_id: UUID


class NumbersRead(ResponseModel):
    """How many rows of a district."""

    measure: str
    district: Annotated[str, Field(description="县（市、区）代码；名册未写明的为NONE")]
    eligible: int
    not_eligible: int
    undetermined: int
    no_application: Annotated[int, Field(description="免申即享")]
    confirm: Annotated[int, Field(description="一键确认")]
    one_fact: Annotated[int, Field(description="缺一项信息")]
    ending: Annotated[int, Field(description="快到期")]


class RejectionRead(ResponseModel):
    """A cell that could not be read; its row was left out."""

    row_no: int
    column: str
    code: str
    message: str


class ScreeningRead(ResponseModel):
    """A screening, its job and, when it is done, its counts."""

    id: UUID
    job: JobRead
    problem: Annotated[str | None, Field(description="名册不能读取时，是什么问题、怎么改")]
    subject: str
    as_of: date
    ending_by: date
    catalogue_version: str
    created_at: datetime
    finished_at: datetime | None
    screened: Annotated[int | None, Field(description="参加筛查的行数")]
    rejected: Annotated[int | None, Field(description="因内容有误未参加筛查的行数")]
    rejections: Annotated[list[RejectionRead], Field(description="有误的单元格，最多1000个；行号自1起，不含表头")]
    counts: list[NumbersRead]


class ScreeningSummary(ResponseModel):
    """A screening in a list."""

    id: UUID
    subject: str
    as_of: date
    created_at: datetime
    finished_at: Annotated[datetime | None, Field(description="完成的时间；为空时尚在进行或等待")]
    screened: int | None
    rejected: int | None
    problem: str | None


class ScreeningList(ResponseModel):
    """A page of screenings."""

    items: list[ScreeningSummary]
    next: str | None

    @classmethod
    def of_page(cls, rows: Sequence[ScreeningRow], page: Page) -> "ScreeningList":
        """From one row more than the page holds, if there are so many."""
        shown = rows[: page.limit]
        return cls(
            items=[
                ScreeningSummary(
                    id=row.id,
                    subject=row.request["subject"],
                    as_of=row.as_of,
                    created_at=row.created_at,
                    finished_at=row.finished_at,
                    screened=row.screened,
                    rejected=row.rejected,
                    problem=row.problem,
                )
                for row in shown
            ],
            next=page.next([str(shown[-1].id)], {}) if len(rows) > page.limit else None,
        )


class ScreeningResultRead(ResponseModel):
    """A row for one measure."""

    row_no: Annotated[int, Field(description="数据行的序号，自1起，不含表头")]
    reference: str | None
    district: str | None
    outcome: OutcomeName
    amount: Annotated[YuanOut | None, Field(description="元；不符合或金额未定时为空")]
    unmet: Annotated[list[str], Field(description="不满足的条件")]
    unknown: Annotated[list[str], Field(description="因信息缺失不能判断的条件")]
    missing_facts: Annotated[int, Field(description="还缺几项能改变结果的信息")]
    is_ending: Annotated[bool, Field(description="只因时间推移，期限内将不再符合")]


class ScreeningResultPage(ResponseModel):
    """Rows of one measure, in the order of the register."""

    items: list[ScreeningResultRead]
    next: str | None


class RowRead(CheckRead):
    """What the single check says of a row."""

    row_no: int
    reference: str | None


def shown(row: ScreeningRow, job: JobRead) -> dict[str, Any]:
    """`ScreeningRead` as plain data."""
    counts = [
        {"measure": measure, "district": district}
        | {name.lower(): number for name, number in zip(COUNTED, numbers, strict=True)}
        for measure, districts in (row.counts or {}).items()
        for district, numbers in sorted(districts.items())
    ]
    same = (
        "id",
        "job_id",
        "problem",
        "as_of",
        "catalogue_version",
        "created_at",
        "finished_at",
        "screened",
        "rejected",
    )
    return {name: getattr(row, name) for name in same} | {
        "job": job,
        "subject": row.request["subject"],
        "ending_by": row.horizon,
        "rejections": row.rejections or [],
        "counts": counts,
    }


def work_list(name: WorkListName | None) -> WorkList | None:
    """The work list of a query."""
    return None if name is None else WorkList(name)
