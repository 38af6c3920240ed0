"""The nightly proof of the subsidy's books: sums, the engine's figures, and the seals over all lines."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from loans_svc.batches import repository
from loans_svc.batches.domain import State, quarters_between
from loans_svc.seals.domain import Break
from loans_svc.seals.service import find_break, find_chain_break


async def prove_place(tx: AsyncSession, bank: str, unit: str) -> dict[str, Any]:
    """What does not hold of a bank's batches in a district: `uneven` batches, `unposted` places, the first `broken`."""
    batches = sorted(
        (one for one in await repository.list_batches(tx, bank, unit) if one.state != State.PENDING),
        key=lambda one: (one.period, one.sequence),
    )
    standing = [one for one in batches if one.state != State.REJECTED]
    broken: Break | None = await find_chain_break(tx, bank, unit)
    for batch in batches:
        broken = broken or await find_break(tx, batch.id)
    unposted, first_day = 0, await repository.find_first_day(tx, bank, unit)
    if standing and first_day is not None:
        quarters = quarters_between(Quarter.of(first_day), Quarter.parse(standing[-1].period))
        seen = max(one.changes_until for one in standing)
        unposted = await repository.count_unseen(tx, bank, unit, quarters, seen) if quarters else 0
    return {
        "uneven": [str(batch) for batch in await repository.list_uneven(tx, bank, unit)],
        "unposted": unposted,
        "broken": None
        if broken is None
        else {"batch": str(broken.batch_id), "fault": broken.fault.value, "line": broken.number},
    }


def is_sound(found: dict[str, Any]) -> bool:
    """Nothing was found."""
    return not any(found.values())
