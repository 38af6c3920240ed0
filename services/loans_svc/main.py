"""The loan service: dated rules, loans and their events, guarantee funds, interest subsidy, reward pool."""

from fastapi import FastAPI

from kit.db.rows import narrowing
from kit.http.app import service_app
from kit.settings import ServiceSettings
from loans_svc import webhooks
from loans_svc.agreements.endpoints import router as agreements_router
from loans_svc.arrivals.endpoints import router as arrivals_router
from loans_svc.bank_lines.endpoints import router as bank_lines_router
from loans_svc.batches.endpoints import router as batches_router
from loans_svc.benchmarks.endpoints import router as benchmarks_router
from loans_svc.benchmarks.published import published_rates
from loans_svc.funds.endpoints import router as funds_router
from loans_svc.loans.domain import CITY
from loans_svc.loans.endpoints import router as loans_router
from loans_svc.progress.endpoints import router as progress_router
from loans_svc.reward_pools.endpoints import router as reward_pools_router
from loans_svc.reward_years.endpoints import router as reward_years_router
from loans_svc.rules.endpoints import router as rules_router
from loans_svc.rules.repository import catalogue
from loans_svc.settlements.endpoints import router as settlements_router
from loans_svc.statistics.endpoints import router as statistics_router
from loans_svc.subsidies.endpoints import router as subsidies_router
from loans_svc.time_limits.endpoints import router as time_limits_router
from loans_svc.vouchers.endpoints import router as vouchers_router
from loans_svc.vouchers.repository import read_chart


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """The ASGI app; `uvicorn --factory loans_svc.main:create_app`.

    Raises:
        CatalogueInvalidError, ValueError: the files of rules or rates are wrong; with them it must not start.
    """
    catalogue()
    published_rates()
    read_chart()
    return service_app(
        name="loans",
        title="创业担保贷款与贴息",
        description="创业担保贷款的贴息规则、贷款全程、担保基金、逐期贴息和奖励性补助。金额单位为元，利率为年百分比，区间含首日、不含末日。",
        routers=[
            rules_router,
            benchmarks_router,
            agreements_router,
            subsidies_router,
            loans_router,
            progress_router,
            time_limits_router,
            batches_router,
            bank_lines_router,
            arrivals_router,
            funds_router,
            reward_pools_router,
            reward_years_router,
            statistics_router,
            settlements_router,
            vouchers_router,
        ],
        settings=settings or ServiceSettings(),
        calls=("eligibility",),
        webhooks=webhooks.EVENTS,
        sees_all=webhooks.sees_all,
        narrow=narrowing("loans", CITY, has_banks=True),
    )
