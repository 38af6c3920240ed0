"""Whoever submitted an application hears of each step that an office takes."""

from tests.eligibility_svc.applications.conftest import Office

EVENTS = ["application.returned", "application.accepted", "application.granted", "application.paid"]
ELSEWHERE = {"url": "https://198.41.0.4/hooks", "events": EVENTS}  # no worker runs here, so nothing is sent


async def heard(office: Office, who: str, endpoint: str) -> list[str]:
    items = (await office(who, "GET", f"/webhook-endpoints/{endpoint}/deliveries")).json()["items"]
    return [item["event"] for item in reversed(items)]


async def test_the_submitter_and_the_city_hear_of_every_step_and_nobody_else(office: Office) -> None:
    endpoints = {
        who: (await office(who, "POST", "/webhook-endpoints", ELSEWHERE)).json()["id"] for who in ("platform", "city")
    }
    ours = await office.submit()
    await office.step("staff-ZZ07", ours, "return", {"reason": "请补充毕业证书编号"})
    await office.step("platform", ours, "resubmission", {"facts": {}})
    await office.step("staff-ZZ07", ours, "acceptance")
    of_kiosk = await office.submit("kiosk")
    await office.step("staff-ZZ07", of_kiosk, "acceptance")
    assert await heard(office, "platform", endpoints["platform"]) == ["application.returned", "application.accepted"]
    assert await heard(office, "city", endpoints["city"]) == [
        "application.returned",
        "application.accepted",
        "application.accepted",
    ]
