"""Files as they come: damaged, hostile, or merely not what the map says; and cells as people fill them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.screenings.domain import ColumnMap, sniff
from eligibility_svc.screenings.errors import RegisterUnreadableError
from eligibility_svc.screenings.frames import facts_of_row
from eligibility_svc.screenings.parts import read_part
from eligibility_svc.screenings.reading import read_register
from kit.dates import Month

HEADINGS = {"甲": "户籍", "乙": "学历"}


def archive(name: str, content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as file:
        file.writestr(name, content)
    return made.getvalue()


def many_entries() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for number in range(1001):
            file.writestr(str(number), b"")
    return made.getvalue()


def nested() -> bytes:
    made = io.BytesIO()
    pl.DataFrame({"甲": [[1]], "乙": [1]}).write_parquet(made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "2个对应列不在名册表头中：“户籍”、“学历”。"),
        ("甲,乙".encode(), "1至"),
        ("甲,丙\n1,2\n".encode(), "1个对应列不在名册表头中：“学历”。"),
        ("甲,乙,甲\n1,2,3\n".encode(), "重名"),
        (("甲,乙," + ",".join(map(str, range(199))) + "\n").encode(), "200列"),
        ("甲,乙\n1,2\n1\n".encode(), "第3行有1列"),
        ("甲,乙\n1,2,3\n".encode(), "第2行有3列"),
        ('甲,乙\n"1,2\n3,4\n'.encode(), "引号"),
        ("甲,乙\n1,2\n".encode() + b"\xff", "编码"),
        (b"\xff\xfe\x00\x01", "另存为"),
        (b"PK\x03\x04 no archive", "另存为"),
        (b"PAR1 no parquet PAR1", "另存为"),
        (nested(), "parquet列"),
        (archive("xl/worksheets/sheet1.xml", b"0" * 20_000_000), "解压后过大"),
        (many_entries(), "解压后过大"),
        (archive("anything", b"<row r='1048576'>", zipfile.ZIP_STORED), "100000行"),
        (archive("anything", b'<c r = "XFD2"/>', zipfile.ZIP_STORED), "100000行"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "register"
    file.write_bytes(content)
    with pytest.raises(RegisterUnreadableError) as refused:
        read_register(file, sniff(content[:4]), HEADINGS).collect()
    assert said in str(refused.value.detail)


def cells(fact: str, *texts: str | None) -> list[Any]:
    """What each text means for a fact; `wrong` where its row is left out."""
    subject = next(iter(next(each for each in vocabulary().facts if each.name == fact).subjects))
    frame = pl.DataFrame({"row_no": range(1, len(texts) + 1), fact: texts}, schema_overrides={fact: pl.String})
    sound, rejected = read_part(frame, ColumnMap(subject, {fact: fact}, None, None))
    rows = {row["row_no"]: facts_of_row(row, vocabulary(), subject).get(fact) for row in sound.to_dicts()}
    assert {rejection.row_no for rejection in rejected} == set(range(1, len(texts) + 1)) - set(rows)
    return [rows.get(number, "wrong") for number in range(1, len(texts) + 1)]


def test_empty_is_unknown_and_a_cell_that_cannot_be_read_condemns_its_row() -> None:
    assert cells("is_disabled", "是", "FALSE", "1", " 否 ", "", None, "也许") == [
        True, False, True, False, None, None, "wrong"
    ]  # fmt: skip
    assert cells("training_days", "0", "12", "1000000001", "-1", "1.5", "１", "") == [
        0, 12, "wrong", "wrong", "wrong", "wrong", None
    ]  # fmt: skip
    assert cells("insurance_paid", "14400", "0.1", "12.34", "1.234", "007", "-1") == [
        1_440_000, 10, 1234, "wrong", "wrong", "wrong"
    ]  # fmt: skip
    assert [str(day) for day in cells("birth_date", "2000-02-29", "2001-02-29", "1899-12-31", "2000/1/1")] == [
        "2000-02-29", "wrong", "wrong", "wrong"
    ]  # fmt: skip
    assert cells("hukou_region", "郑州市", "HENAN_OTHER", "henan_other") == ["ZHENGZHOU", "HENAN_OTHER", "wrong"]
    assert cells("monthly_running_costs", "2018-06:5000;2018-07:0.50", "2018-06:1;2018-06:2", "2018-13:1") == [
        ((Month(2018, 6), 500_000), (Month(2018, 7), 50)), "wrong", "wrong"
    ]  # fmt: skip
