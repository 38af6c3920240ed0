import json
import logging

import pytest
import structlog

from kit.telemetry.logging import configure_logging
from kit.telemetry.trace import continue_trace
from kit.testing import captured_log

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_valid_parent_is_continued_with_a_span_of_our_own() -> None:
    trace = continue_trace(PARENT)
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace.span_id != "00f067aa0ba902b7"
    assert continue_trace(trace.traceparent).trace_id == trace.trace_id


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "x",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        PARENT[:-17] + "0" * 16 + "-01",
        PARENT.upper(),
        PARENT + "\n",
    ],
)
def test_an_invalid_parent_starts_a_new_trace(parent: str | None) -> None:
    trace = continue_trace(parent)
    assert trace.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736" or parent is None
    assert len(trace.trace_id) == 32


@pytest.mark.parametrize(
    "number", ["410199199001010011", "41019919900101002X", "13812348000", "+8613812348000", "6212260000000000018"]
)
def test_numbers_of_persons_are_blanked_in_every_line(number: str) -> None:
    configure_logging("test")
    with captured_log() as log:
        structlog.get_logger("x").info("event", value=f"id {number} end")
        logging.getLogger("library").warning("got %s", number)
        try:
            int(f"not a number {number}")
        except ValueError as exc:
            structlog.get_logger("x").error("failed", exc_info=exc)
    assert number not in log.getvalue()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert len(lines) == 3
    assert lines[2]["error_type"] == "builtins.ValueError"
    assert lines[2]["error_at"]


def test_ids_of_requests_stay_readable() -> None:
    configure_logging("test")
    with captured_log() as log:
        structlog.get_logger("x").info("event", request_id="01933014-7a1c-7c8e-9a3e-138123480001")
    assert "01933014-7a1c-7c8e-9a3e-138123480001" in log.getvalue()
