"""GET /assessments and the rules by which they are made."""

from typing import Annotated

from fastapi import Query, Response

from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.clock import now, today
from kit.db.engine import Tx
from kit.db.rows import sees_all_rows
from kit.http.etags import NOT_MODIFIED, IfNoneMatch, answer_table
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import Code, Instant, Year
from targets_svc.assessments.errors import RuleSetNotFoundError
from targets_svc.assessments.repository import load_rule_sets
from targets_svc.assessments.schemas import AssessmentRead, RuleSetList
from targets_svc.assessments.service import assess_units
from targets_svc.plans.errors import PlanNotFoundError
from targets_svc.progress.domain.period import choose_month
from targets_svc.progress.errors import PeriodInvalidError
from targets_svc.progress.schemas import MonthOrNumber

router = Router(prefix="/api/v1/targets", tags=["考核"])
Reader = Annotated[Principal, requires("targets.progress.read")]


@router.get(
    "/assessments",
    operation_id="get_assessments",
    summary="目标任务考核得分",
    response_model=AssessmentRead,
    responses=problems(PlanNotFoundError, RuleSetNotFoundError, PeriodInvalidError) | NOT_MODIFIED,
)
@sees_all_rows
async def get_assessments(
    principal: Reader,
    tx: Tx,
    year: Annotated[Year | None, Query(description="年度；默认最近已结束月份所在年度")] = None,
    month: Annotated[MonthOrNumber | None, Query(description="截至该月；默认最近已结束的月份")] = None,
    rule_set: Annotated[Code | None, Query(description="考核规则；默认按完成比例", examples=["PROPORTIONAL"])] = None,
    known_at: Annotated[Instant | None, Query(description="当时已知的数据；默认现在")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """每一分都有来由：逐项列出规则、任务数、完成数、权重和得分，另列加分和扣分。规则不同，等次可能不同，规则和版本随结果给出。
    优秀不超过县（市、区）数的30%，同分跨越名额的均不评优秀。县（市、区）账号只见本单位。"""
    asked = choose_month(year, month, today())
    found = await assess_units(tx, asked, rule_set=rule_set, known_at=known_at, own_unit=principal.unit, now=now())
    answer = AssessmentRead.of(found)
    cells = answer.model_dump_json(exclude={"known_at"}).encode()
    return answer_table(answer.model_dump_json().encode(), if_none_match, cells=cells)


@router.get("/assessment-rule-sets", operation_id="list_assessment_rule_sets", summary="考核规则目录")
async def list_assessment_rule_sets(_: Reader) -> RuleSetList:
    """各套规则的各个版本及其依据；用过的版本不再修改。"""
    return RuleSetList.of(load_rule_sets())
