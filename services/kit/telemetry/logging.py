"""JSON logs on standard output, one object a line, without personal data.

An exception is logged as its type and the places it passed through, never with its message: messages of
database drivers and validators quote the values that broke them (reliability design S6).
"""

import json
import logging
import re
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from kit.telemetry.trace import current_client, current_request_id, current_trace

_NUMBER_OF_A_PERSON = re.compile(
    r"(?<![0-9A-Za-z-])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|(?:\+86)?1[3-9][0-9]{9}|[0-9]{16,19})(?![0-9A-Za-z-])"
)

_ACCESS = logging.getLogger("access")
_BLANK = logging.LogRecord(_ACCESS.name, logging.INFO, "", 0, "request", None, None).__dict__
_encode = json.JSONEncoder(ensure_ascii=False).encode


def _places(exc: BaseException) -> list[str]:
    frames = traceback.extract_tb(exc.__traceback__)
    return [f"{'/'.join(f.filename.split('/')[-3:])}:{f.lineno} {f.name}" for f in frames[-12:]]


def _describe_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    info: Any = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["error_type"] = f"{type(info).__module__}.{type(info).__qualname__}"
        event["error_at"] = _places(info)
        if info.__cause__ is not None:
            event["error_cause"] = f"{type(info.__cause__).__module__}.{type(info.__cause__).__qualname__}"
    return event


def _redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The safety net under the rule: whatever looks like an ID, card or phone number is blanked."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = _NUMBER_OF_A_PERSON.sub("[redacted]", value)
    return event


def _of_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Whose request it is, in every line that it leaves."""
    request_id, trace, client = current_request_id.get(), current_trace.get(), current_client.get()
    if request_id:
        event.setdefault("request_id", request_id)
        if trace is not None:
            event.setdefault("trace_id", trace.trace_id)
        if client:
            event.setdefault("client", client)
    return event


class _Access(logging.LogRecord):
    """The line of an answered request, made without the chain of processors: it is by far the most frequent one."""

    def __init__(self, facts: EventDict) -> None:
        # Thread, process and the like: nobody reads them, and to find them out costs more than the line.
        self.__dict__.update(_BLANK)
        self.created = time.time()
        self.facts = facts


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """JSON lines of one service."""

    def __init__(self, service: str, shared: list[Processor]) -> None:
        self._service = service
        super().__init__(
            foreign_pre_chain=shared,
            processors=[
                self.remove_processors_meta,
                self._named,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )

    def _named(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = self._service
        return event

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record, _Access):
            return super().format(record)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        said = {"level": "info", "logger": record.name, "timestamp": moment[:-6] + "Z", "service": self._service}
        return _encode({**record.facts, **said})


def log_request(method: str, route: str, status: int, seconds: float) -> None:
    """The access line of the request that this task answers.

    Args:
        route: the template, never the path.
    """
    if not _ACCESS.isEnabledFor(logging.INFO):
        return
    said = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 2), "event": "request"}
    _ACCESS.handle(_Access(_redact(None, "info", _of_request(None, "info", said))))


def configure_logging(service: str, level: str = "INFO") -> None:
    """Routes structlog and the standard library's loggers into the same JSON lines. Idempotent."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _of_request,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _describe_exception,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter(service, shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "arq", "arq.worker", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # paths and queries; the access line is ours
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole URLs
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], exc: BaseException, tb: TracebackType | None) -> None:
    structlog.get_logger("process").critical("process.failed", exc_info=(kind, exc, tb))
