"""Benchmark rates: two people, once for a day, kept as they are; loans and quotes take the last published one."""

import itertools
from datetime import date
from typing import Any

import asyncpg
import pytest

from kit.testing import serving
from loans_svc.benchmarks.published import published_rates
from loans_svc.main import create_app
from loans_svc.rules.domain import Mark
from tests.loans_svc.lending import CONTRACT, Office

ENTRY = {"rate": "3.5500", "mark": "SEEN", "source": "全国银行间同业拆借中心公告"}


@pytest.fixture(scope="module")
async def rates(infrastructure: Any, loans_settings: Any, loans_caller: Any) -> Any:
    """An office without other tests' rates."""
    database = infrastructure.new_database()
    url = loans_settings.database_url.get_secret_value().rsplit("/", 1)[0] + f"/{database}"
    settings = loans_settings.model_copy(update={"database_url": type(loans_settings.database_url)(url)})
    with serving(create_app(settings)) as address:
        office = Office(address, database, infrastructure, loans_caller)
        await office.deposit("CITY", "10000000.00")
        yield office


async def enter(office: Office, day: str, rate: str, *, confirmed: bool = True) -> str:
    entered = await office.post("OFFICER", "/benchmark-rates", ENTRY | {"published_on": day, "rate": rate})
    assert entered.status_code == 201, entered.text
    path = f"/benchmark-rates/{entered.json()['id']}/confirmation"
    if confirmed:
        assert (await office.post("REVIEWER", path, None)).json()["confirmed_by"] == "reviewer"
    return path


async def test_a_rate_counts_when_a_second_person_has_confirmed_it_and_then_stays(rates: Office) -> None:
    path = await enter(rates, "2020-04-20", "3.8500", confirmed=False)
    assert (await rates.post("REVIEWER", path, None, "officer")).json()["code"] == "FOUR_EYES"
    assert (await rates.post("REVIEWER", path, None)).status_code == 200
    assert (await rates.post("REVIEWER", path, None)).json()["code"] == "BENCHMARK_CONFIRMED"
    twin = await enter(rates, "2020-04-20", "3.8600", confirmed=False)
    assert (await rates.post("REVIEWER", twin, None)).json()["code"] == "BENCHMARK_TAKEN"
    nobody = "/benchmark-rates/019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d/confirmation"
    assert (await rates.post("REVIEWER", nobody, None)).json()["code"] == "BENCHMARK_NOT_FOUND"
    for wrong, pointer in (({"published_on": "2199-01-01"}, "/published_on"), ({"rate": "0.0000"}, "/rate")):
        refused = await rates.post("OFFICER", "/benchmark-rates", ENTRY | {"published_on": "2020-05-20"} | wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    service = await asyncpg.connect(rates.infrastructure.plain_url("loans_app", rates.database))
    change = "UPDATE loans.benchmark_rate SET rate_ppm = 1 WHERE confirmed_by IS NOT NULL"
    assert await service.execute(change) == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DELETE FROM loans.benchmark_rate")
    await service.close()
    owner = await asyncpg.connect(rates.infrastructure.plain_url("loans_owner", rates.database))
    with pytest.raises(asyncpg.CheckViolationError, match="four_eyes"):
        await owner.execute("UPDATE loans.benchmark_rate SET entered_by = confirmed_by")
    await owner.close()


async def test_loans_and_quotes_take_the_rate_published_last_before_they_were_signed(rates: Office) -> None:
    await enter(rates, "2023-06-20", "3.5500")
    await enter(rates, "2023-08-21", "3.4500")
    await enter(rates, "2023-08-10", "9.0000", confirmed=False)
    contract = {name: value for name, value in CONTRACT.items() if name != "benchmark_rate"}
    taken = []
    for signing in ({}, {"disbursed_on": "2023-08-21"}, {"disbursed_on": "2023-08-25", "signed_on": "2023-08-20"},
                    {"benchmark_rate": "3.6500"}):  # fmt: skip
        loan = await rates.applied()
        await rates.approve(loan)
        done = await rates.post("OFFICER", f"/loans/{loan}/disbursement", contract | {"bank_ref": loan} | signing)
        assert done.status_code == 200, done.text
        taken.append(done.json()["terms"]["benchmark_rate"])
    assert taken == ["3.5500", "3.4500", "3.5500", "3.6500"]

    quote = {"principal": "100000.00", "disbursed_on": "2023-08-15", "matures_on": "2026-08-15",
             "contract_rate": "6.0000", "rule": "R2022_HENAN_IND"}  # fmt: skip
    by_table = await rates.post("OFFICER", "/subsidy-quotes", quote)
    said = await rates.post("OFFICER", "/subsidy-quotes", quote | {"benchmark_rate": "3.5500"})
    assert by_table.status_code == 200, by_table.text
    assert (by_table.json()["effective_rate"], by_table.json()) == ("5.0500", said.json())


async def test_where_the_table_does_not_reach_the_rate_has_to_be_said(rates: Office) -> None:
    quote = {"principal": "100000.00", "disbursed_on": "2017-05-15", "matures_on": "2020-05-15",
             "contract_rate": "6.0000", "rule": "R2016_IND"}  # fmt: skip
    refused = await rates.post("OFFICER", "/subsidy-quotes", quote)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/benchmark_rate")
    late = await rates.applied()
    await rates.approve(late)
    signed = CONTRACT | {"bank_ref": "late-1", "signed_on": "2023-08-16"}
    wrong = await rates.post("OFFICER", f"/loans/{late}/disbursement", signed)
    assert wrong.json()["errors"][0]["pointer"] == "/signed_on"


async def test_a_day_of_the_reference_list_is_entered_by_its_day_alone_and_counts_when_confirmed(rates: Office) -> None:
    """What is shipped counts for nothing until one person has entered it and another has confirmed it."""

    async def listed() -> dict[str, Any]:
        answer = (await rates.get("OFFICER", "/benchmark-rates")).json()
        return next(one for one in answer["reference"] if one["published_on"] == "2024-10-21")

    shown = await listed()
    assert (shown["rate"], shown["mark"], shown["is_confirmed"]) == ("3.1000", "SEEN", False)
    entered = await rates.post("OFFICER", "/benchmark-rates", {"published_on": "2024-10-21"})
    assert (entered.status_code, entered.json()["rate"], entered.json()["source"]) == (201, "3.1000", shown["source"])
    assert not (await listed())["is_confirmed"]
    await rates.post("REVIEWER", f"/benchmark-rates/{entered.json()['id']}/confirmation", None)
    assert (await listed())["is_confirmed"]
    unknown = await rates.post("OFFICER", "/benchmark-rates", {"published_on": "2024-10-22"})
    assert [fault["pointer"] for fault in unknown.json()["errors"]] == ["/rate", "/mark", "/source"]
    own = await rates.post("OFFICER", "/benchmark-rates", {"published_on": "2019-08-20", "rate": "4.2600"})
    assert (own.json()["rate"], own.json()["mark"]) == ("4.2600", "SEEN")


def test_the_reference_list_is_in_order_and_each_rate_differs_from_the_one_before() -> None:
    rates = list(published_rates().values())
    assert all(
        earlier.published_on < later.published_on and earlier.rate_ppm > later.rate_ppm
        for earlier, later in itertools.pairwise(rates)
    )
    assert {one.mark for one in rates if one.published_on < date(2025, 2, 1)} == {Mark.SEEN}
