"""How much waits for the workers: they have no port, so the service tells it, from the rows that are the truth."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# FAILED of the last day: somebody has to look at them, and they do not come back by themselves.
_BACKLOG = text(
    """
    SELECT kind, state, count(*) AS jobs,
        extract(epoch FROM clock_timestamp() - min(greatest(created_at, not_before))) AS seconds
    FROM job WHERE state IN ('PENDING', 'RUNNING') OR state = 'FAILED' AND finished_at > now() - interval '1 day'
    GROUP BY kind, state
    """
)


class _Backlog(Collector):
    def __init__(self, service: str, rows: list[tuple[str, str, int, float]]) -> None:
        self._service, self._rows = service, rows

    def collect(self) -> Iterator[GaugeMetricFamily]:
        jobs = GaugeMetricFamily(
            "jobs", "Jobs that wait or run, or failed within a day", labels=["service", "kind", "state"]
        )
        waiting = GaugeMetricFamily(
            "job_waiting_seconds", "Since when the oldest job that is due waits", labels=["service", "kind"]
        )
        for kind, state, count, seconds in self._rows:
            jobs.add_metric([self._service, kind, state], count)
            if state == "PENDING":
                waiting.add_metric([self._service, kind], max(0.0, seconds))
        yield jobs
        yield waiting


async def render_backlog(session: AsyncSession, service: str) -> bytes:
    """The text exposition format."""
    rows = [(row.kind, row.state, row.jobs, float(row.seconds)) for row in await session.execute(_BACKLOG)]
    registry = CollectorRegistry()
    registry.register(_Backlog(service, rows))
    return generate_latest(registry)
