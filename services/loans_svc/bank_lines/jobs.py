"""Matching a bank's file, and writing what its resolution means."""

from typing import Any
from uuid import UUID

from kit.jobs.worker import Job
from loans_svc.bank_lines.service import MATCH, RESOLVE, match_file, waive_lines

__all__ = ["MATCH", "RESOLVE", "match", "resolve"]


async def match(job: Job) -> dict[str, Any]:
    """All lines and differences in the job's transaction, or nothing."""
    return await match_file(job.session, job.lease.id)


async def resolve(job: Job) -> dict[str, Any]:
    """The lines that lower ours to what the bank claims."""
    return await waive_lines(job.session, UUID(job.payload["file"]))
