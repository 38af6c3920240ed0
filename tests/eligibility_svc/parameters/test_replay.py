"""The past as it was: screenings and checks after a publication, and after another release of the rule files."""

import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from eligibility_svc.datafiles import DataFileError
from eligibility_svc.measures.repository import base_catalogue
from eligibility_svc.parameters.jobs import by_current_law
from eligibility_svc.parameters.repository import following
from eligibility_svc.releases.repository import catalogue_of_files, own_files, packed
from eligibility_svc.screenings.jobs import screen_register
from kit.db.engine import Database
from kit.jobs import lease as leases
from kit.jobs.worker import Job
from kit.testing import settings_of
from tests.eligibility_svc.parameters.conftest import Bureau

Work = Callable[[], Awaitable[None]]
FACTS = {"is_startup_star": True, "is_first_business": True, "is_hardship_person": True, "is_business_operating": True,
         "business_opened_on": "2018-05-01"}  # fmt: skip


@pytest.fixture
async def work(infrastructure: Any, bureau: Bureau) -> AsyncIterator[Work]:
    """`await work()` does the jobs that wait, as the worker does them."""
    environment = infrastructure.service_environment("eligibility", bureau.database, duty="worker")
    settings = settings_of(environment)
    database = Database(settings.database_url.get_secret_value(), schema="eligibility")

    async def done() -> None:
        async with database.transaction() as tx:
            waiting = list(await tx.scalars(text("SELECT id FROM job WHERE state = 'PENDING'")))
        for job_id in waiting:
            async with database.transaction() as tx:
                lease = await leases.claim(tx, job_id)
            assert lease is not None
            async with database.transaction() as tx:
                result = await by_current_law(screen_register)(Job(lease, tx, database, settings))
                await leases.finish(tx, lease, result)

    yield done
    await database.close()


async def test_a_screening_uses_what_is_published_and_is_explained_by_it_for_ever(bureau: Bureau, work: Work) -> None:
    register = "创业之星\n是\n否\n\n".encode()
    asked = {"subject": "PERSON", "as_of": "2018-11-01", "columns": {"创业之星": "is_startup_star"}}
    rows, first_row = "/results?measure=startup-star", "/rows/1"
    before = await bureau.upload(register, asked)
    await work()
    open_amount = (await bureau("city", "GET", before + rows)).json()["items"]
    explained_before = await bureau("city", "GET", before + first_row)
    assert [(row["outcome"], row["amount"]) for row in open_amount] == [("ELIGIBLE", None), ("NOT_ELIGIBLE", None)]
    version = await bureau.publish("startup-star")
    then = await bureau.upload(register, asked)
    assert then != before, "another law, another screening"
    await work()
    filled = (await bureau("city", "GET", then + rows)).json()["items"]
    assert [(row["outcome"], row["amount"]) for row in filled] == [("ELIGIBLE", "1500.00"), ("NOT_ELIGIBLE", None)]
    explained = await bureau("city", "GET", then + first_row)
    assert explained.json()["catalogue_version"] == version
    star = next(each for each in explained.json()["results"] if each["measure"] == "startup-star")
    assert (star["benefit"]["status"], star["benefit"]["amount"]) == ("FIXED", "1500.00")
    checked = await bureau.check(facts={"is_startup_star": True}, catalogue_version=version)
    assert checked.json()["results"] == explained.json()["results"]
    await bureau.publish("startup-star", **{"from": "2018-10-15", "value": "1600.00"})
    for path, kept, content in ((before, open_amount, explained_before.content), (then, filled, explained.content)):
        assert (await bureau("city", "GET", path + rows)).json()["items"] == kept
        assert (await bureau("city", "GET", path + first_row)).content == content


def earlier_release() -> dict[str, str]:
    """The files as they might have stood in another release: another amount, another label."""
    files = own_files()
    grant = "editions/startup-grant.yaml"
    assert "value: 10000.00" in files[grant]
    changed = {grant: files[grant].replace("value: 10000.00", "value: 8000.00")}
    changed["vocabulary.yaml"] = files["vocabulary.yaml"].replace("label: 出生日期", "label: 出生年月日")
    return files | changed


def test_files_make_the_catalogue_that_they_were() -> None:
    again = catalogue_of_files(packed(own_files()))
    assert (again.version, again.words.data) == (base_catalogue().version, base_catalogue().words.data)
    assert catalogue_of_files(packed(earlier_release())).version != base_catalogue().version
    with pytest.raises(DataFileError):
        catalogue_of_files(packed(own_files() | {"codes.yaml": "documents: {}"}))


async def test_an_answer_of_an_earlier_release_can_be_replayed(bureau: Bureau, infrastructure: Any, work: Work) -> None:
    before = catalogue_of_files(packed(earlier_release()))
    connection = await asyncpg.connect(
        infrastructure.plain_url("eligibility_app", bureau.database), server_settings={"search_path": "eligibility"}
    )
    try:
        kept = await connection.fetchval(
            "SELECT content FROM catalogue_release WHERE digest = $1", base_catalogue().version
        )
        assert json.loads(zlib.decompress(kept)) == own_files(), "the service keeps the files by which it answers"
        insert = "INSERT INTO catalogue_release (digest, content) VALUES ($1, $2)"
        await connection.execute(insert, before.version, packed(earlier_release()))
        await connection.execute(insert, "0" * 16, packed(earlier_release()))
        for change in ("UPDATE catalogue_release SET content = ''", "DELETE FROM catalogue_release"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
        await bureau.publish("startup-star")
        now = (await bureau.check(facts=FACTS)).json()
        then = (await bureau.check(facts=FACTS, catalogue_version=f"{before.version}.1")).json()
        assert then["catalogue_version"] == f"{before.version}.1"
        amounts = [{each["measure"]: each["benefit"]["amount"] for each in answer["results"]} for answer in (now, then)]
        assert [(found["startup-grant"], found["startup-star"]) for found in amounts] == [
            ("10000.00", "1500.00"), ("8000.00", "1500.00"),
        ]  # fmt: skip
        for unknown in ("0" * 16, f"{before.version}.2"):
            asked = {"subject": "PERSON", "facts": {}, "catalogue_version": unknown}
            assert (await bureau("platform", "POST", "/checks", asked)).status_code == 422
        path = await bureau.upload(
            "创业之星\n是\n".encode(), {"subject": "PERSON", "columns": {"创业之星": "is_startup_star"}}
        )
        await work()
        await connection.execute("UPDATE screening SET catalogue_version = $1", before.version)
        following.forget()
        explained = (await bureau("city", "GET", f"{path}/rows/1")).json()
        assert explained["catalogue_version"] == before.version
        await connection.execute("UPDATE screening SET catalogue_version = $1", "f" * 16)
        assert (await bureau("city", "GET", f"{path}/rows/1")).json()["code"] == "CATALOGUE_CHANGED"
    finally:
        await connection.close()
