"""OpenTelemetry spans over OTLP/HTTP, when JIUYE_TRACES_URL says where to; without it nothing is imported or kept.

A span is made when its work is over, from the trace that the logs already carry: logs, jobs and spans share one id.
"""

import time
from typing import TYPE_CHECKING, Literal

from kit.settings import ProcessSettings
from kit.telemetry.trace import Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_EXPORT_SECONDS = 2.0  # also how long a process that ends waits for the collector
Kind = Literal["SERVER", "CLIENT", "CONSUMER", "INTERNAL"]


class Spans:
    """Sends the spans of one process in batches, from a thread of the SDK; a collector that is down costs spans only.

    Args:
        service: `service.name` of the spans.
        url: where traces are posted, such as `http://collector:4318/v1/traces`.
        share: of the traces that begin here, how many are sent, 0 to 1. A trace that comes from a caller is sent when
            its sampled flag says so.
    """

    def __init__(self, service: str, url: str, share: float = 1.0) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  only if on
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.id_generator import IdGenerator  # noqa: PLC0415

        class GivenIds(IdGenerator):
            """The ids of the trace that is being recorded."""

            trace = Trace("0" * 32, "0" * 16, "00")

            def generate_trace_id(self) -> int:
                return int(self.trace.trace_id, 16)

            def generate_span_id(self) -> int:
                return int(self.trace.span_id, 16)

        self.share = share
        self._ids = GivenIds()
        exporter: SpanExporter = OTLPSpanExporter(endpoint=url, timeout=_EXPORT_SECONDS)
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service, "service.namespace": "jiuye"}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("jiuye")

    def record(
        self,
        trace: Trace,
        name: str,
        kind: Kind,
        seconds: float,
        attributes: dict[str, str | int],
        *,
        failed: bool = False,
    ) -> None:
        """Keeps a span that ends now.

        Args:
            name, attributes: route templates and ids of ours, never personal data.
            seconds: how long it took.
        """
        if not trace.is_sampled:
            return
        from opentelemetry import trace as api  # noqa: PLC0415

        ended = time.time_ns()
        parent = None
        if trace.parent_id:
            of = api.SpanContext(
                int(trace.trace_id, 16), int(trace.parent_id, 16), is_remote=True, trace_flags=api.TraceFlags(1)
            )
            parent = api.set_span_in_context(api.NonRecordingSpan(of))
        self._ids.trace = trace
        span = self._tracer.start_span(
            name,
            context=parent,
            kind=api.SpanKind[kind],
            attributes=attributes,
            start_time=ended - int(seconds * 1e9),
        )
        if failed:
            span.set_status(api.StatusCode.ERROR)
        span.end(end_time=ended)

    def close(self) -> None:
        """Sends what is left, for at most a few seconds."""
        self._provider.shutdown()


def open_spans(service: str, settings: ProcessSettings) -> Spans | None:
    """What records this process's spans, or None when tracing is off."""
    if settings.traces_url is None:
        return None
    return Spans(service, settings.traces_url, settings.traces_share)
