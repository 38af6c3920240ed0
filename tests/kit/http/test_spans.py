"""Spans reach a collector over OTLP/HTTP, and tracing that is off costs nothing."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan
from pydantic import SecretStr

from kit.http.app import service_app
from kit.jobs.worker import Job, JobWorker
from kit.settings import ServiceSettings
from kit.telemetry.spans import Spans
from kit.telemetry.trace import continue_trace
from kit.testing import Caller, client, serving
from tests.kit.http.conftest import router

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Collector:
    """What an OpenTelemetry collector does on its OTLP/HTTP port: take, decode, keep.

    Attributes:
        spans: (service.name, span) as they came.
    """

    def __init__(self) -> None:
        self.spans: list[tuple[str, SentSpan]] = []
        self.arrived = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    name = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
                    with collector.arrived:
                        collector.spans += [(name, span) for scope in resource.scope_spans for span in scope.spans]
                        collector.arrived.notify_all()
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def attributes(span: SentSpan) -> dict[str, Any]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's
async def test_a_request_and_its_job_are_spans_of_the_callers_trace(
    collector: Collector, notes_settings: ServiceSettings, infrastructure: Any
) -> None:
    # A database of its own: what other tests have left waiting would be run as well.
    database_url = SecretStr(infrastructure.url("targets_app", infrastructure.new_database()))
    settings = notes_settings.model_copy(update={"traces_url": collector.url, "database_url": database_url})
    app: FastAPI = service_app(name="targets", title="便笺", description="", routers=[router], settings=settings)
    caller = Caller(infrastructure.keys.internal_signing_key, "targets")
    headers = caller.headers("notes.note.write") | {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "Idempotency-Key": "a-span",
    }
    done = asyncio.Event()

    async def note(_: Job) -> None:
        done.set()

    worker = JobWorker("targets", settings, {"note": note})
    with serving(app) as url:
        async with client(url, headers=headers) as notes:
            assert (await notes.post("/api/v1/notes", json={"amount": "1.00", "on": "2017-01-01"})).status_code == 201
            unsampled = {"traceparent": f"00-{'c' * 32}-{PARENT}-00"}
            await notes.get("/api/v1/notes/410199199001010011", headers=unsampled)
            await notes.get("/healthz")
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(20):
            await done.wait()
        worker.stop()
        await running
    of_callers = sorted(
        ((name, span) for name, span in collector.spans if span.trace_id.hex() == TRACE), key=lambda pair: pair[0]
    )
    assert [name for name, _ in of_callers] == ["targets", "targets-worker"]
    (request, job) = (span for _, span in of_callers)
    assert not [span for _, span in collector.spans if span.trace_id.hex() == "c" * 32], "the caller did not ask for it"
    assert not [span for _, span in collector.spans if "/healthz" in span.name]
    assert request.parent_span_id.hex() == PARENT
    assert job.parent_span_id == request.span_id
    assert (request.kind, job.kind) == (SentSpan.SPAN_KIND_SERVER, SentSpan.SPAN_KIND_CONSUMER)
    assert (request.name, job.name) == ("POST /api/v1/notes", "job note")
    assert attributes(request)["http.response.status_code"] == 201
    assert request.end_time_unix_nano > request.start_time_unix_nano
    assert set(attributes(request)) == {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "jiuye.request_id",
    }


def test_a_trace_that_begins_here_is_sent_by_its_share() -> None:
    assert not continue_trace(None).is_sampled
    assert continue_trace(None, 1.0).is_sampled
    assert not continue_trace(f"00-{TRACE}-{PARENT}-00", 1.0).is_sampled, "a caller's choice stands"
    assert continue_trace(f"00-{TRACE}-{PARENT}-01").is_sampled
    sampled = sum(continue_trace(None, 0.25).is_sampled for _ in range(4000))
    assert 800 < sampled < 1200


def test_a_collector_that_is_down_costs_spans_only() -> None:
    spans = Spans("targets", "http://127.0.0.1:9/v1/traces")
    spans.record(continue_trace(None, 1.0), "GET /x", "SERVER", 0.1, {})
    spans.close()


def test_tracing_that_is_off_loads_nothing() -> None:
    program = "import sys, kit.http.app, kit.jobs.worker; sys.exit('opentelemetry.sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": "services"}, check=False).returncode == 0
