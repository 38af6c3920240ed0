"""The real worker with small batches, which waits after each, and with leases of a second: it is there to be killed."""

import asyncio
import sys
from typing import Any

from sqlalchemy import text

from kit.jobs import lease
from kit.jobs.worker import run_worker
from targets_svc.event_uploads import reading, service, writing
from targets_svc.worker import HANDLERS

if __name__ == "__main__":
    for name in ("_CLAIM", "_BEAT"):
        statement = getattr(lease, name).text.replace(f"{lease.LEASE_SECONDS} seconds", "1 second")
        setattr(lease, name, text(statement))
    lease._DUE = text(lease._DUE.text.replace(f"{lease.RESEND_SECONDS} seconds", "0.3 seconds"))
    lease.HEARTBEAT_SECONDS = 0.3  # type: ignore[misc]  # see above
    read_blocks, write = reading.read_blocks, writing.Writer._write

    def read_small(*arguments: Any) -> Any:
        return read_blocks(*arguments[:3], 50, *arguments[4:])

    async def write_slowly(*arguments: Any) -> None:
        await write(*arguments)
        await asyncio.sleep(float(sys.argv[1]))

    service.read_blocks = read_small  # type: ignore[attr-defined,assignment]  # see above
    writing.Writer._write = write_slowly  # type: ignore[assignment,method-assign]
    run_worker("targets", HANDLERS)
