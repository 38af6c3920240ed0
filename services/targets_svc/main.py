"""The targets service's HTTP app."""

from fastapi import FastAPI

from kit.db.rows import narrowing
from kit.http.app import service_app
from kit.settings import ServiceSettings
from targets_svc import webhooks
from targets_svc.annex.endpoints import router as annex_router
from targets_svc.assessment_rules.endpoints import router as assessment_rules_router
from targets_svc.assessments.endpoints import router as assessments_router
from targets_svc.child_plans.endpoints import router as child_plans_router
from targets_svc.completeness.endpoints import router as completeness_router
from targets_svc.event_mappings.endpoints import router as event_mappings_router
from targets_svc.event_uploads.endpoints import router as event_uploads_router
from targets_svc.forecasts.endpoints import router as forecasts_router
from targets_svc.indicators.endpoints import router as indicators_router
from targets_svc.jobs.endpoints import router as jobs_router
from targets_svc.month_closes.endpoints import router as month_closes_router
from targets_svc.plan_imports.endpoints import router as plan_imports_router
from targets_svc.plans.endpoints import router as plans_router
from targets_svc.progress.endpoints import router as progress_router
from targets_svc.rankings.endpoints import router as rankings_router
from targets_svc.reconciliations.endpoints import router as reconciliations_router
from targets_svc.register.endpoints import router as register_router
from targets_svc.reports.endpoints import router as reports_router
from targets_svc.service_events.endpoints import internal as internal_router
from targets_svc.service_events.endpoints import router as service_events_router
from targets_svc.standards.endpoints import router as standards_router
from targets_svc.street_progress.endpoints import router as street_progress_router
from targets_svc.units.domain import CITY
from targets_svc.units.endpoints import router as units_router
from targets_svc.warnings.endpoints import router as warnings_router


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """`uvicorn --factory targets_svc.main:create_app`; settings default to the environment."""
    return service_app(
        name="targets",
        title="就业目标任务",
        description="年度城乡就业目标任务的计划、月报、实名登记和完成进度。",
        routers=[
            units_router,
            indicators_router,
            plans_router,
            child_plans_router,
            annex_router,
            plan_imports_router,
            reports_router,
            register_router,
            event_uploads_router,
            service_events_router,
            event_mappings_router,
            internal_router,
            standards_router,
            reconciliations_router,
            progress_router,
            street_progress_router,
            month_closes_router,
            warnings_router,
            rankings_router,
            forecasts_router,
            completeness_router,
            assessments_router,
            assessment_rules_router,
            jobs_router,
        ],
        settings=settings or ServiceSettings(),
        called_by={name: frozenset({"targets.service_event.write"}) for name in ("loans", "eligibility")},
        webhooks=webhooks.EVENTS,
        sees_all=webhooks.sees_all,
        narrow=narrowing("targets", CITY),
    )
