"""The worked quotes, and how a quote's body reads as a loan (written apart from the service's own schemas)."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kit.money import fen_from_yuan
from loans_svc.rules.domain import CapScope, DayCount, OverdueMode, Parameters, PeriodScheme, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.loan import Event, Loan, Overdue, PriorUse, Repayment, TranchePart, tranche_parts


@dataclass(frozen=True)
class WorkedQuote:
    """One example: a request and what must come out."""

    name: str
    request: dict[str, Any]
    effective_rate: str | None
    window: tuple[str, str] | None
    lines: list[list[Any]]
    total: str


@cache
def worked_quotes() -> tuple[WorkedQuote, ...]:
    cases = yaml.load(
        Path(__file__).with_name("worked_quotes.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return tuple(
        WorkedQuote(
            name,
            case["request"],
            case.get("effective_rate"),
            tuple(case["window"]) if "window" in case else None,
            [[*line, "STATE"][:5] for line in case["lines"]],
            case["total"],
        )
        for name, case in cases.items()
    )


def ppm(percent: str) -> int:
    whole, places = percent.split(".")
    return int(whole) * 10_000 + int(places)


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def loan_of(request: dict[str, Any]) -> Loan:
    rule = catalogue().rules[request["rule"]]
    principal = fen_from_yuan(request["principal"])
    tranches = request.get("tranches")
    return Loan(
        principal_fen=principal,
        disbursed_on=date.fromisoformat(request["disbursed_on"]),
        matures_on=date.fromisoformat(request["matures_on"]),
        contract_ppm=ppm(request["contract_rate"]),
        benchmark_ppm=ppm(request["benchmark_rate"]),
        tranches=tuple(TranchePart(Tranche(t["tranche"]), fen_from_yuan(t["amount"])) for t in tranches)
        if tranches
        else tranche_parts(principal, rule.amount_cap(None), 0),
        events=tuple(_event(event) for event in request["events"]),
    )


def _event(event: dict[str, str]) -> Event:
    on, amount = date.fromisoformat(event["effective_on"]), fen_from_yuan(event["amount"])
    return Repayment(on, amount) if event["kind"] == "REPAYMENT" else Overdue(on, amount, day(event.get("until")))


def parameters_of(request: dict[str, Any]) -> Parameters:
    kinds = {
        "day_count": DayCount,
        "period_scheme": PeriodScheme,
        "overdue_mode": OverdueMode,
        "cap_scope": CapScope,
    }
    chosen: dict[str, Any] = {name: kind(request[name]) for name, kind in kinds.items() if name in request}
    return replace(catalogue().rules[request["rule"]].parameters, **chosen)


def prior_of(request: dict[str, Any]) -> PriorUse:
    return PriorUse(request.get("prior_subsidised_days", 0), day(request.get("first_disbursed_on")))
