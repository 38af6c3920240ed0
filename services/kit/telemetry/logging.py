"""JSON logs on standard output, one object a line, without personal data.

An exception is logged as its type and the places it passed through, never with its message: messages of
database drivers and validators quote the values that broke them (reliability design S6).
"""

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_NUMBER_OF_A_PERSON = re.compile(
    r"(?<![0-9A-Za-z-])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|(?:\+86)?1[3-9][0-9]{9}|[0-9]{16,19})(?![0-9A-Za-z-])"
)


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


def configure_logging(service: str, level: str = "INFO") -> None:
    """Routes structlog and the standard library's loggers into the same JSON lines. Idempotent."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
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

    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            named,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
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
