"""What the service's own role cannot do to reports, with any SQL."""

from typing import Any

import asyncpg
import pytest

from tests.targets_svc.conftest import Targets
from tests.targets_svc.reports.flow import approve, draft, figures, plan_of


@pytest.fixture(scope="module")
async def approved(targets: Targets) -> None:
    plan: dict[str, Any] = await plan_of(targets)
    await approve(targets, "ZZ14", "2017-01", figures(plan, "ZZ14", I01=100))
    await draft(targets, "ZZ14", "2017-02", figures(plan, "ZZ14", I01=200))


@pytest.mark.parametrize(
    "assignment",
    [
        "submitted_by = 'a', reviewed_by = 'a', approved_by = 'b'",
        "submitted_by = 'a', reviewed_by = 'b', approved_by = 'b'",
        "submitted_by = 'a', reviewed_by = 'b', approved_by = 'a'",
        "submitted_by = 'a', reviewed_by = 'b'",
        "submitted_by = 'a', approved_by = 'b'",
        "approved_by = 'b'",
    ],
)
async def test_no_revision_is_approved_with_fewer_than_three_signatures(
    targets: Targets, approved: None, assignment: str
) -> None:
    connection = await targets.connect()
    try:
        names = ("submitted", "reviewed", "approved")
        instants = ", ".join(f"{n}_at = now()" for n in names if f"{n}_by" in assignment)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                f"UPDATE report_revision SET state = 'APPROVED', {assignment}, {instants}"
                " WHERE unit = 'ZZ14' AND month = 2"
            )
    finally:
        await connection.close()


async def test_an_approved_revision_and_its_figures_cannot_be_changed(targets: Targets, approved: None) -> None:
    connection = await targets.connect()
    try:
        january = "WHERE unit = 'ZZ14' AND year = 2017 AND month = 1"
        assert await connection.execute(f"UPDATE report_revision SET approved_by = 'x' {january}") == "UPDATE 0"
        assert await connection.execute(f"UPDATE report_cell SET value = 1 {january}") == "UPDATE 0"
        assert await connection.execute(f"DELETE FROM report_cell {january}") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "INSERT INTO report_cell (unit, year, month, revision, indicator, position, value)"
                " VALUES ('ZZ14', 2017, 1, 1, 'R01', 99, 1)"
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM report_revision")
        february = "WHERE unit = 'ZZ14' AND year = 2017 AND month = 2"
        async with connection.transaction():
            assert await connection.execute(f"UPDATE report_cell SET value = 201 {february}") != "UPDATE 0"
    finally:
        await connection.close()


async def test_a_report_has_one_open_revision_at_most(targets: Targets, approved: None) -> None:
    connection = await targets.connect()
    try:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "INSERT INTO report_revision (unit, year, month, revision, state, created_by, created_at,"
                " correction_reason) VALUES ('ZZ14', 2017, 2, 2, 'DRAFT', 'x', now(), 'because')"
            )
    finally:
        await connection.close()
