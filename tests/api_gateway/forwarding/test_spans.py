"""With tracing on, a forwarded request is a span of its caller's trace, and the service goes on from it."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from kit.testing import client
from tests.api_gateway.conftest import Gateways, token_of
from tests.api_gateway.upstreams import Recorder
from tests.kit.http.test_spans import PARENT, TRACE, Collector, attributes, collector  # noqa: F401  a fixture


@pytest.mark.usefixtures("recorder")
async def test_a_forwarded_request_is_a_span_between_its_caller_and_the_service(
    gateways: Gateways,
    collector: Collector,  # noqa: F811  a fixture
    recorder_url: tuple[Recorder, str],
) -> None:
    recorder, upstream = recorder_url
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    with gateways.running(upstream, settings={"traces_url": collector.url}) as url:
        headers["Authorization"] = f"Bearer {await token_of(url)}"
        async with client(url, headers=headers) as caller:
            await caller.get("/api/v1/targets/reports/ZZ01/2017-05?unit=ZZ01")
            await caller.get("/api/v1/targets/units", headers={"traceparent": f"00-{'c' * 32}-{PARENT}-00"})
            await caller.get("/healthz")
    ((name, span),) = [(name, span) for name, span in collector.spans if "/api/" in span.name]
    assert (name, span.name, span.kind) == ("gateway", "GET /api/v1/targets/*", SentSpan.SPAN_KIND_SERVER)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    (passed_on,) = recorder.seen[0].header("traceparent")
    assert passed_on == f"00-{TRACE}-{span.span_id.hex()}-01"
    said = attributes(span)
    assert said["http.route"] == "/api/v1/targets/*"
    assert said["http.response.status_code"] == 200
    assert said["jiuye.request_id"] == recorder.seen[0].header("x-request-id")[0]
    assert "ZZ01" not in str(said), "paths may hold identifiers"
