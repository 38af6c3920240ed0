"""What this service tells by webhook: how a unit's report fares, and that it is warned."""

from kit.auth.principal import Principal
from kit.webhooks.domain import EventType
from targets_svc.units.domain import CITY

_DATA = {"unit": ("区县", "ZZ07"), "month": ("月份", "2017-05")}
REPORT_EVENTS = {
    state: EventType(f"report.{state.lower()}", summary, _DATA)
    for state, summary in {
        "SUBMITTED": "报表已提交",
        "REVIEWED": "报表已审核",
        "RETURNED": "报表被退回",
        "APPROVED": "报表已批准",
    }.items()
}
_OF_WARNINGS = {
    "warning_id": ("预警编号", "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"),
    "unit": ("区县", "ZZ07"),
    "indicator": ("指标", "I01"),
}
_OPENED, _RAISED, _FALLEN, _ENDED = (
    EventType(f"warning.{name}", summary, _OF_WARNINGS)
    for name, summary in (
        ("opened", "发出预警"),
        ("raised", "预警升级"),
        ("fallen", "预警降级"),
        ("ended", "预警解除"),
    )
)
WARNING_EVENTS = {"OPENED": _OPENED, "RAISED": _RAISED, "UNANSWERED": _RAISED, "FALLEN": _FALLEN, "ENDED": _ENDED}
EVENTS = (*REPORT_EVENTS.values(), _OPENED, _RAISED, _FALLEN, _ENDED)


def sees_all(principal: Principal) -> bool:
    """Those who read every report hear of every report."""
    return "targets.report.read" in principal.scopes and principal.unit in (None, CITY)
