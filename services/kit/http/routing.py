"""Routes of a service: strict bodies, idempotent answers, no trailing slashes."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from kit.http.body import PARSED, RAW

if TYPE_CHECKING:  # an app without a database does without SQLAlchemy
    from kit.http.idempotency import Pending


_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class _StrictRequest(Request):
    async def body(self) -> bytes:
        """What `StrictBodies` has read already."""
        read: bytes | None = self.scope.get(RAW)
        return await super().body() if read is None else read

    async def json(self) -> Any:
        """What `StrictBodies` has parsed already."""
        return self.scope[PARSED] if PARSED in self.scope else await super().json()


class _Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        operation_id = self.operation_id or self.name

        async def handle(request: Request) -> Response:
            response = await answer(_StrictRequest(request.scope, request.receive))
            response.headers.setdefault("Cache-Control", "no-store")
            pending: Pending | None = getattr(request.state, "idempotency", None)
            if pending is not None and response.status_code < 400:
                await pending.record(response)  # still inside the transaction of the effect
            record_call = getattr(request.app.state, "record_call", None)
            if record_call is not None and request.method in _CHANGING and response.status_code < 400:
                await record_call(request, response, operation_id)
            return response

        return handle


class Router(APIRouter):
    """`APIRouter` whose routes answer as the contract says; give every route an `operation_id` and a `summary`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=_Route, redirect_slashes=False, **options)
