"""What `/checks` is compared with: the same request, answered by a handler that does nothing but hand an answer over.

`uvicorn --factory tests.load.empty_handler:service` is a service like any other of the platform (tokens, strict JSON,
limits of the body, log, metrics), `uvicorn tests.load.empty_handler:app` FastAPI alone. ANSWER names the file of the
answer.
"""

import os
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Response

from eligibility_svc.checks.schemas import CheckCreate
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.app import service_app
from kit.http.routing import Router
from kit.settings import ServiceSettings

_ANSWER = Path(os.environ["ANSWER"]).read_bytes()
_PATH = "/api/v1/eligibility/checks"
Checker = Annotated[Principal, requires("eligibility.check.run")]
app = FastAPI()
router = Router()


@app.post(_PATH)
async def nothing() -> Response:
    return Response(_ANSWER, media_type="application/json")


@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ok"}


@router.post(_PATH, operation_id="nothing", summary="空")
async def nothing_in_a_service(body: CheckCreate, _: Checker) -> Response:
    return Response(_ANSWER, media_type="application/json")


def service() -> FastAPI:
    """A service with this one handler."""
    return service_app(name="eligibility", title="空", description="空", routers=[router], settings=ServiceSettings())
