"""Calls to another service: for a caller, with the token that the gateway sent along, or for the service itself.

The gateway alone exchanges a caller's token. On the routes that say so (`onward` in its route table) it sends, beside
the token for the service, one for the other service: the same subject, only the scopes that the route names.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from fastapi import Request

from kit.auth.service_tokens import service_minter, service_token
from kit.errors import DomainError, FieldError, Kind, ScopeMissingError
from kit.settings import ServiceSettings
from kit.telemetry.trace import current_request_id, current_trace

CONNECT_SECONDS = 1.0
TOTAL_SECONDS = 3.0
_TELLING_SECONDS = 10.0
_AT_ONCE = 5  # half of the database connections: a slow service must not take them all
_WAIT_SECONDS = 0.5
_log = structlog.get_logger("kit.onward")


def header_of(service: str) -> str:
    """The header in which the gateway sends the caller's token for another service."""
    return f"x-onward-{service}"


class OnwardUnavailableError(DomainError):
    """The other service did not answer in time, or not as agreed. Nothing was stored here."""

    kind = Kind.UNAVAILABLE
    code = "ONWARD_UNAVAILABLE"
    title = "相关服务暂时不可用"
    default_detail = "本次没有办理任何内容，请稍后用同一个Idempotency-Key重试。"
    next_step = "本次没有办理任何内容，请稍后重试。"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of another service: 2xx, or 4xx other than 401, 403, 408 and 429."""

    status: int
    body: Any

    def faults(self, below: str) -> list[FieldError]:
        """What the other service says is wrong, where the caller of ours finds it.

        Args:
            below: pointer of the part of our input that was passed on.
        """
        found = self.body.get("errors") if isinstance(self.body, dict) else None
        return [
            FieldError(f"{below}{one['pointer']}", str(one["code"]), str(one["message"]))
            for one in found or []
            if isinstance(one, dict) and {"pointer", "code", "message"} <= one.keys()
        ]


class OnwardService:
    """Another service. A few calls at once; whoever finds no place in time is told so.

    Args:
        url: `http://host:port`, of several instances with commas; None: it is not there.
    """

    def __init__(self, name: str, url: str | None, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self.name = name
        self._addresses = [_address(one) for one in url.split(",")] if url else []
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(total_seconds, connect=CONNECT_SECONDS), trust_env=False, follow_redirects=False
        )
        self._total_seconds = total_seconds

    async def close(self) -> None:
        await self._client.aclose()

    async def post_for(self, request: Request, path: str, body: Mapping[str, Any]) -> Answer:
        """A call in the name of the request's caller.

        Raises:
            ScopeMissingError: the caller may not do this over there.
            OnwardUnavailableError: no answer in time, a broken one, or no token was sent along.
        """
        token = request.headers.get(header_of(self.name))
        if token is None:
            _log.error("onward.no_token", service=self.name)
            raise OnwardUnavailableError
        return await self.post(token, path, body)

    async def post(self, token: str, path: str, body: Mapping[str, Any]) -> Answer:
        """A call with a token for that service; an instance that can't be reached is passed over.

        Raises:
            ScopeMissingError, OnwardUnavailableError.
        """
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise OnwardUnavailableError from None
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._post(token, path, body)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            _log.warning("onward.failed", service=self.name, error=type(error).__name__)
            raise OnwardUnavailableError from None
        finally:
            self._places.release()

    async def _post(self, token: str, path: str, body: Mapping[str, Any]) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        if request_id := current_request_id.get():
            headers["X-Request-Id"] = request_id
        if trace := current_trace.get():
            headers["traceparent"] = trace.traceparent
        for address in self._addresses:
            try:
                answer = await self._client.post(f"{address}{path}", json=dict(body), headers=headers)
            except httpx.ConnectError:
                continue
            return self._read(answer)
        raise OnwardUnavailableError

    def _read(self, answer: httpx.Response) -> Answer:
        if answer.status_code == 403:
            raise ScopeMissingError
        if answer.status_code in (401, 408, 429) or not 200 <= answer.status_code < 500:
            _log.warning("onward.refused", service=self.name, status=answer.status_code)
            raise OnwardUnavailableError
        return Answer(answer.status_code, answer.json())


def _address(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("must be http://host:port without a path")
    return f"http://{parts.netloc}"


class ServiceSilentError(Exception):
    """The other service could not be asked now: a job that raises it runs again later."""

    code = "ONWARD_UNAVAILABLE"


class RefusedByServiceError(DomainError):
    """The other service will not take it however often it is told: the job ends, and somebody looks."""

    kind = Kind.INVALID
    code = "REFUSED_BY_SERVICE"
    title = "相关服务没有接受"
    default_detail = "请核对所登记的内容；仍有疑问请联系管理员。"


async def tell(settings: ServiceSettings, service: str, to: str, path: str, body: Mapping[str, Any]) -> Answer:
    """What a worker tells another service for its own, with a token of its own.

    Args:
        service: the one that speaks; its worker has `service_signing_key`.
        to: the one that is told.

    Returns:
        2xx or 404.

    Raises:
        ServiceSilentError: no answer, or none that says anything about what was told.
        RefusedByServiceError: any other 4xx.
    """
    key = settings.service_signing_key
    if key is None:
        _log.error("onward.no_key", service=to)
        raise ServiceSilentError
    token = service_token(service_minter(key.get_secret_value()), service, to)
    other = OnwardService(to, getattr(settings, f"{to}_url"), total_seconds=_TELLING_SECONDS)
    try:
        answer = await other.post(token, path, body)
    except (OnwardUnavailableError, ScopeMissingError):
        raise ServiceSilentError from None
    finally:
        await other.close()
    if answer.status >= 400 and answer.status != 404:
        raise RefusedByServiceError
    return answer
