"""A unit's own system hears of each step of its reports, and of no other's."""

from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.reports.flow import approve, draft, figures, plan_of, step

# No worker runs here, so nothing is sent.
WISH = {
    "url": "https://198.41.0.4/hooks",
    "events": ["report.submitted", "report.reviewed", "report.returned", "report.approved"],
}


async def told(account: Client, endpoint: str) -> list[str]:
    items = (await account.get(f"/webhook-endpoints/{endpoint}/deliveries")).json()["items"]
    return [item["event"] for item in reversed(items)]


async def test_a_unit_hears_of_its_own_reports_and_the_city_of_all(targets: Targets) -> None:
    plan = await plan_of(targets)
    async with (
        targets.account("system-ZZ07", "STAFF", "ZZ07", "webhook.manage") as ours,
        targets.account("system-ZZ08", "STAFF", "ZZ08", "webhook.manage") as theirs,
        targets.account("system-ZZ", "CITY", "ZZ", "webhook.manage") as city,
        targets.staff("ZZ07") as staff,
        targets.city() as approver,
    ):
        accounts = (ours, theirs, city)
        endpoints = [(await account.post("/webhook-endpoints", json=WISH)).json()["id"] for account in accounts]
        await draft(targets, "ZZ07", "2017-01", figures(plan, "ZZ07", I01=100))
        await step(staff, "ZZ07", "2017-01", "submission")
        returned = await step(approver, "ZZ07", "2017-01", "return", reason="请核对城镇新增就业人数")
        assert returned.status_code == 200, returned.text
        await approve(targets, "ZZ08", "2017-01", figures(plan, "ZZ08", I01=100))
        carried = ["report.submitted", "report.reviewed", "report.approved"]
        heard = [await told(account, endpoint) for account, endpoint in zip(accounts, endpoints, strict=True)]
    first = ["report.submitted", "report.returned"]
    assert heard == [first, carried, first + carried]
