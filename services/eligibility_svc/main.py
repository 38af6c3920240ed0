"""The eligibility service's HTTP app."""

from fastapi import FastAPI

from eligibility_svc import webhooks
from eligibility_svc.applications.domain import CITY
from eligibility_svc.applications.endpoints import router as applications_router
from eligibility_svc.checks.endpoints import router as checks_router
from eligibility_svc.checks.service import decider
from eligibility_svc.facts.endpoints import router as facts_router
from eligibility_svc.grants.endpoints import router as grants_router
from eligibility_svc.interviews.endpoints import router as interviews_router
from eligibility_svc.measures.endpoints import router as measures_router
from eligibility_svc.parameters.endpoints import router as parameters_router
from eligibility_svc.parameters.service import following_publications
from eligibility_svc.screenings.endpoints import router as screenings_router
from kit.db.rows import narrowing
from kit.http.app import service_app
from kit.settings import ServiceSettings


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """`uvicorn --factory eligibility_svc.main:create_app`; settings default to the environment.

    Raises:
        DataFileError: the catalogue has a fault; the service does not start with one.
    """
    decider()
    return service_app(
        name="eligibility",
        title="政策资格",
        description="两份通知规定的待遇、任务和服务：谁符合条件、为什么、依据哪一条、还缺什么信息。",
        routers=[
            checks_router,  # the most frequent call is looked for first
            facts_router,
            measures_router,
            interviews_router,
            applications_router,
            grants_router,
            parameters_router,
            screenings_router,
        ],
        settings=settings or ServiceSettings(),
        extra=following_publications,
        webhooks=webhooks.EVENTS,
        sees_all=webhooks.sees_all,
        narrow=narrowing("eligibility", CITY),
    )
