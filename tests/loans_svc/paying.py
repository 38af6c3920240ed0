"""A bank's quarter carried through, by each person whose step it is."""

from kit.db.engine import Database
from tests.loans_svc.batches.test_batches import compute, opened, step
from tests.loans_svc.lending import Office


async def carried(office: Office, books: Database, bank: str, unit: str, period: str, *, is_paid: bool = True) -> str:
    """A batch that is approved and, if so, paid; a bank of one's own meets no other test's batches."""
    batch = await opened(office, unit, period, bank=bank)
    await compute(books, batch)
    for role, name in (("OFFICER", "submission"), ("REVIEWER", "review"), ("CITY", "approval")):
        done = await step(office, role, batch, name)
    if is_paid:
        done = await step(office, "FINANCE", batch, "payment", {"paid_on": "2026-01-18", "payment_ref": batch})
    assert done["state"] == ("PAID" if is_paid else "APPROVED"), done
    return batch
