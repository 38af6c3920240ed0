"""Files of events from the upload to the result file, with the real worker."""

import io
from typing import Any

import xlsxwriter

from kit.crypto.fields import FieldCipher
from kit.crypto.lookup import LookupHash
from kit.identifiers.citizen_id import check_character
from targets_svc.event_uploads.domain import FIELDS, LABELS
from tests.targets_svc.conftest import Targets
from tests.targets_svc.event_uploads.files import WorkerProcess, as_csv, as_ndjson, ended, result_rows, upload
from tests.targets_svc.register.people import counts, event, number

NAME_OF_ANOTHER = "李另名"


def bad(row: dict[str, Any]) -> dict[str, Any]:
    last = "0" if row["id_number"][17] != "0" else "1"
    return row | {"id_number": row["id_number"][:17] + last}


async def test_a_file_is_counted_row_by_row_and_once(targets: Targets, worker: WorkerProcess) -> None:
    rows = [event(n, "ZZ07", "2017-05-10") for n in range(1, 6)]
    rows.append(event(1, "ZZ07", "2017-03-20"))  # the same person, earlier: takes the slot
    rows.append(event(6, "ZZ07", "2017-06-01", name=NAME_OF_ANOTHER))
    rows.append(event(6, "ZZ07", "2017-06-02"))
    async with targets.staff("ZZ07") as staff:
        answer = await upload(staff, as_csv(rows))
        job = await ended(staff, answer)
        result = await result_rows(staff, answer)
        after = await counts(staff)
        again = await upload(staff, as_csv(rows))
        other_bytes = await upload(staff, as_csv(list(reversed(rows))))
        second = await ended(staff, other_bytes)
        single = await staff.post("/events", json=rows[0])
        seen = (await staff.get(f"/event-uploads/{answer.json()['id']}")).json()
        log = worker.log.read_text()
        listed = (await staff.get("/event-uploads")).json()["items"]
        async with targets.reviewer("ZZ07") as colleague:
            theirs = (await colleague.get("/event-uploads")).json()["items"]
    uploads = [other_bytes.json()["id"], answer.json()["id"]]
    assert [(item["id"], item["state"], item["rows"]) for item in listed] == [(one, "SUCCEEDED", 8) for one in uploads]
    assert theirs == []
    assert answer.headers["location"] == f"/api/v1/targets/jobs/{answer.json()['id']}"
    assert (job["state"], job["progress"]) == ("SUCCEEDED", {"done": 8, "total": 8})
    assert (seen["rows"], seen["faulty_rows"], seen["done"]["counted"]) == (8, 0, 6)
    assert after == {("ZZ07", "I01", "2017-03"): 1, ("ZZ07", "I01", "2017-05"): 4, ("ZZ07", "I01", "2017-06"): 1}
    assert [int(row["row_no"]) for row in result] == list(range(2, 10))
    assert [row["status"] for row in result] == ["DUPLICATE", *["COUNTED"] * 4, "COUNTED", "COUNTED", "DUPLICATE"]
    assert result[7]["error_code"] == "N12_NAME"
    assert result[0]["id_number"] == "*" * 14 + number(1)[-4:]
    assert {row["name"] for row in result} == {"王**", "李**"}
    assert not [text for n in range(1, 7) for text in (number(n), "王测试") if text in log or text in str(result)]
    assert (again.status_code, again.json()["code"]) == (409, "UPLOAD_REPEATED")
    assert again.headers["location"].endswith(answer.json()["id"])
    assert (second["state"], second["result"]["skipped"]) == ("SUCCEEDED", 8)
    assert (single.status_code, single.json()["counted"], single.json()["reason"]) == (200, False, "DUP_YEAR")


async def test_one_wrong_row_stops_the_file_or_is_left_out(targets: Targets, worker: WorkerProcess) -> None:
    rows = [event(n, "ZZ08", "2017-05-10") for n in range(20, 25)]
    rows[2] = bad(rows[2])
    async with targets.staff("ZZ08") as staff:
        before = await counts(staff)
        tried = await upload(staff, as_csv(rows), dry_run="true")
        dry = await ended(staff, tried)
        stopped = await upload(staff, as_csv(rows))
        failed = await ended(staff, stopped)
        nothing = await counts(staff)
        result = await result_rows(staff, stopped)
        taken = await upload(staff, as_csv(rows), mode="VALID_ROWS")
        partial = await ended(staff, taken)
        after = await counts(staff)
    assert (dry["state"], dry["result"]["valid"], dry["result"]["faulty"]) == ("PARTIAL", 4, 1)
    assert (failed["state"], failed["problem"]) == ("FAILED", {"code": "UPLOAD_HAS_ERRORS"})
    assert before == nothing == {}
    assert [row["status"] for row in result] == ["VALID", "VALID", "ERROR", "VALID", "VALID"]
    assert (result[2]["row_no"], result[2]["error_code"]) == ("4", "ID_CHECK_CHARACTER")
    assert "证件号码：身份证号码第18位不正确" in result[2]["error_message_zh"]
    assert (partial["state"], partial["result"]["counted"], partial["result"]["faulty"]) == ("PARTIAL", 4, 1)
    assert after == {("ZZ08", "I01", "2017-05"): 4}


async def test_other_forms_of_a_file_say_the_same(targets: Targets, worker: WorkerProcess) -> None:
    """GB18030, JSON lines and a workbook with Chinese column names; each person counts once."""
    rows = [event(n, "ZZ11", "2017-02-10", received_at="2017-03-01T00:00:00Z") for n in (40, 41)]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, [LABELS[field] for field in FIELDS])
        for line, row in enumerate(rows, 1):
            sheet.write_row(line, 0, [row.get(field, "") for field in FIELDS])
    async with targets.staff("ZZ11") as staff:
        jobs = [
            await ended(staff, await upload(staff, content))
            for content in (as_csv(rows, "gb18030"), as_ndjson(rows), book.getvalue())
        ]
        after = await counts(staff)
    assert [job["problem"] for job in jobs] == [None] * 3
    assert [(job["state"], job["result"]["counted"], job["result"]["skipped"]) for job in jobs] == [
        ("SUCCEEDED", 2, 0),
        ("SUCCEEDED", 0, 2),
        ("SUCCEEDED", 0, 2),
    ]
    assert after == {("ZZ11", "I01", "2017-02"): 2}


async def test_a_file_that_cannot_be_read_is_refused_at_once(targets: Targets) -> None:
    rows = [event(50, "ZZ07", "2017-02-10")]
    shifted = as_csv(rows).replace(b"year,indicator", b"name,indicator", 1)
    async with targets.staff("ZZ07") as staff:
        empty = await upload(staff, b"")
        header = await upload(staff, shifted)
        zipped = await upload(staff, b"PK\x03\x04" + b"\0" * 100)
        await upload(staff, as_csv(rows))
        hidden = await upload(staff, as_csv(rows) + b"\n")
    async with targets.staff("ZZ08") as other:
        foreign = await other.get(f"/event-uploads/{hidden.json()['id']}")
        foreign_result = await other.get(f"/event-uploads/{hidden.json()['id']}/result.csv")
        cancelled = await other.post(f"/jobs/{hidden.json()['id']}/cancellation")
    assert [answer.status_code for answer in (empty, header, zipped)] == [422, 422, 422]
    assert "第5列“姓名”重复" in header.json()["detail"]
    assert "缺少“年度”（year）列" in header.json()["detail"]
    assert "xlsx" in zipped.json()["detail"]
    assert {foreign.status_code, foreign_result.status_code, cancelled.status_code} == {404}


async def test_rows_of_another_unit_are_refused_and_bad_lines_are_named(
    targets: Targets, worker: WorkerProcess
) -> None:
    rows = [event(60, "ZZ08", "2017-02-10"), event(61, "ZZ07", "2017-02-10")]
    lines = as_csv(rows) + b'2017,I01,"unclosed\n2017,I01\n' + b"," * 9 + b"\n"
    async with targets.staff("ZZ07") as staff:
        answer = await upload(staff, lines, mode="VALID_ROWS")
        job = await ended(staff, answer)
        result = await result_rows(staff, answer)
    assert job["result"]["counted"] == 1
    assert [(row["row_no"], row["status"], row["error_code"]) for row in result] == [
        ("2", "ERROR", "UNIT_NOT_FOUND"),
        ("3", "COUNTED", ""),
        ("4", "ERROR", "CSV_QUOTES"),
        ("5", "ERROR", "CSV_COLUMNS"),
    ]


def test_the_numbers_of_the_tests_are_nobodys() -> None:
    assert number(1)[17] == check_character(number(1)[:17])


async def test_who_a_person_is_is_found_again_with_the_keys_alone(targets: Targets, worker: WorkerProcess) -> None:
    """By the schema's owner, who holds them: each person's block has one line from which the pseudonym follows."""
    rows = [event(n, "ZZ11", "2017-05-10", source_system="found-again") for n in range(3000, 3004)]
    async with targets.staff("ZZ11") as staff:
        assert (await staff.post("/events", json=rows[0])).status_code == 201
        await ended(staff, await upload(staff, as_csv(rows[1:])))
    owner = await targets.connect("targets_owner")
    people = await owner.fetch(
        "SELECT person_key, block_id, sealed FROM person JOIN identity_block ON block_id = identity_block"
        " WHERE person_id IN (SELECT person_id FROM event WHERE source_system = 'found-again')"
    )
    await owner.close()
    keys = targets.settings.key_ring
    found = []
    for person in people:
        lines = FieldCipher(keys).decrypt(person["sealed"], column="identity_block.sealed", row_id=person["block_id"])
        for line in lines.splitlines():
            id_type, id_number, name = line.split(",")
            if LookupHash(keys).person_key(id_type, id_number) == person["person_key"]:
                found.append((id_number, name))
    assert sorted(found) == sorted((row["id_number"], row["name"]) for row in rows)
    assert len({person["block_id"] for person in people}) == 2
