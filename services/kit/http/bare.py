"""What the gateway's app and a service's have in common: logs, metrics, problems and OpenAPI, no database."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from kit.http.openapi import install_openapi
from kit.http.problems import install_problem_handlers
from kit.telemetry.logging import configure_logging
from kit.telemetry.metrics import HttpMetrics

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def bare_app(*, name: str, title: str, description: str, log_level: str, lifespan: Lifespan) -> FastAPI:
    """An app whose `state` has `metrics`; docs pages and addresses of documents are left to the caller."""
    configure_logging(name, log_level)
    app = FastAPI(
        title=title,
        description=description,
        version="1.0.0",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # ours: `kit.telemetry`
    )
    app.state.metrics = HttpMetrics(name)
    install_problem_handlers(app)
    install_openapi(app)
    return app
