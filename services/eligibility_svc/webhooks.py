"""What this service tells by webhook: each step of an application that somebody else than its submitter took."""

from eligibility_svc.applications.domain import CITY
from kit.auth.principal import Principal
from kit.webhooks.domain import EventType

_DATA = {
    "application_id": ("申请编号", "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"),
    "measure": ("待遇编号", "startup-grant"),
}
APPLICATION_EVENTS = {
    state: EventType(f"application.{state.lower()}", summary, _DATA)
    for state, summary in {
        "ACCEPTED": "申请已受理",
        "RETURNED": "申请被退回补正",
        "GRANTED": "申请获批准",
        "REFUSED": "申请未获批准",
        "PAID": "待遇已发放",
        "PAYMENT_FAILED": "待遇发放未成功",
        "REVOKED": "待遇已撤销",
    }.items()
}
EVENTS = tuple(APPLICATION_EVENTS.values())


def sees_all(principal: Principal) -> bool:
    """The city's offices hear of every district's applications; a client hears of those that it submitted."""
    return principal.unit == CITY
