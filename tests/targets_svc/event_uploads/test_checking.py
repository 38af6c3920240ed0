"""The vectorised way and the single event's way say the same of every row."""

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.crypto.keys import FieldKey, KeyRing
from kit.identifiers.citizen_id import check_character
from kit.identifiers.names import name_key
from kit.identifiers.uscc import check_character as check_uscc
from targets_svc.event_uploads import checking
from targets_svc.event_uploads.checking import Rules, check
from targets_svc.event_uploads.domain import FIELDS
from targets_svc.event_uploads.errors import FileUnreadableError
from targets_svc.event_uploads.reading import SCHEMA, Encoding, parse_header
from targets_svc.event_uploads.recording import prepare
from targets_svc.register.domain import Coverage, identify
from targets_svc.register.schemas import EventCreate
from targets_svc.register.service import Vault, digest_number
from tests.targets_svc.register.people import number

NOW = datetime(2017, 12, 31, 4, tzinfo=UTC)
COVERED = Coverage({"ZZ07", "ZZ08"}, {"I01", "I01a", "I01b", "I01N", "I02"}, {3}, {"I01": "I01N", "I01a": "I01N"})
RULES = Rules({2017: COVERED}, None, NOW)
GOOD = {
    "year": "2017", "indicator": "I01", "id_type": "RESIDENT_ID", "id_number": number(7), "name": "王测试",
    "event_date": "2017-05-10", "unit": "ZZ07", "source_system": "hr", "source_ref": "R-1", "received_at": None,
    "unemployed_on": None, "certified_on": None, "certified_until": None, "job_form": None, "job_months": None,
    "monthly_pay": None, "phone": None, "employer": None, "correction": None,
    "street": None,
}  # fmt: skip


def numbered(body: str) -> str:
    return body + check_character(body)


_NUMBERS = st.one_of(
    st.builds(
        lambda area, day, serial: numbered(f"{area}{day}{serial:03d}"),
        st.sampled_from(["410199", "710199", "810199", "910199", "160199", "000199"]),
        st.sampled_from(
            ["19900101", "20010510", "20010511", "19000101", "18991231", "19900230", "20000229", "20180101", "20171231",
             "19570510", "19570509", "19620510", "19620509", "19000229", "19901301", "19900431"]
        ),
        st.integers(0, 999),
    ),
    st.integers(0, 99).map(number),
    st.integers(0, 99).map(lambda n: number(n)[:17] + "x"),
    st.integers(0, 99).map(lambda n: number(n)[:17] + "7"),
    st.sampled_from(
        ["410199900101001", "４１０１９９１９９００１０１００１１", " " + number(3),
         "E12345678", "", "٣" * 18, "4101991990010100XX"]
    ),
)  # fmt: skip
_DAYS = st.sampled_from(
    [None, "2017-05-09", "2017-05-10", "2017-05-11", "2016-02-30", "2017-5-1", "1890-01-01", "2015-01-05"]
)
_BODY = "91410100MA44TEST0"
USCC = _BODY[:16].replace("S", "X") + "0" + check_uscc(_BODY[:16].replace("S", "X") + "0")
_ROWS = st.fixed_dictionaries(
    {
        "year": st.sampled_from(["2017", "2017", "2018", "17", "２０１７", "", "2017.0"]),
        "indicator": st.sampled_from(["I01", "I01a", "I01b", "I01N", "I03", "=I01", ""]),
        "id_type": st.sampled_from(["RESIDENT_ID", "RESIDENT_ID", "PASSPORT", "FOREIGN_PR", "身份证"]),
        "id_number": _NUMBERS,
        "name": st.sampled_from(["王测试", "王", "欧阳测试", "Anna Maria",
             "王 试", "王\u200b试", "㐂测试", "王试" * 30, "=王试"]),
        "event_date": st.sampled_from(
            ["2017-05-10", "2017-05-11", "2017-03-10", "2017-12-31", "2018-01-01", "2017-02-29",
             "2017-2-9", "2016-12-31", "٢٠١٧-٠٥-١٠", ""]
        ),
        "unit": st.sampled_from(["ZZ07", "ZZ08", "ZZ99", "zz07"]),
        "source_system": st.sampled_from(["hr", "人社", "h r", "a" * 65]),
        "source_ref": st.sampled_from(["R-1", "=R", "编号", "R 1", number(3), f"x{number(7)}", "r" * 101]),
        "received_at": st.sampled_from(
            [None, "2017-06-01T00:00:00Z", "2017-12-31T04:00:01Z", "2017-06-01T08:00:00+08:00", "2017-02-30T00:00:00Z",
             "2017-06-01T24:00:00Z", "2017-06-01T00:00:60Z", "2017-06-01 00:00:00", "1890-06-01T00:00:00Z"]
        ),
        "unemployed_on": _DAYS,
        "certified_on": _DAYS,
        "certified_until": _DAYS,
        "job_form": st.sampled_from([None, "EMPLOYEE", "FLEXIBLE", "FLEXIBLE", "灵活就业"]),
        "job_months": st.sampled_from([None, "2", "3", "03", "600", "601", "-1", "3.0"]),
        "monthly_pay": st.sampled_from([None, "1599.99", "1600", "1600.0", "1,600", "0", "1e9"]),
        "phone": st.sampled_from([None, "13800138000", "+8613800138000", "138 0013 8000", "12800138000", ""]),
        "employer": st.sampled_from([None, "91410100MA44ABCD0X", USCC, USCC.lower(), f" {USCC}", "123"]),
        "correction": st.sampled_from([None, "true", "false", "是", "否", "TRUE", "1"]),
        "street": st.sampled_from(
            [None, "ZZ07-01", "ZZ08-01", "ZZ07-", "ZZ07-01234567890", "ZZ07-012345678901", "ZZ07 1", ""]
        ),
    }
)  # fmt: skip
# One wrong cell at a time finds what many at once would hide; a proof or flexible work takes two or three.
_GROUPS = [
    *((name,) for name in FIELDS),
    ("indicator", "unemployed_on"),
    ("indicator", "certified_on", "certified_until"),
    ("job_form", "job_months", "monthly_pay"),
    ("event_date", "correction"),
    ("unit", "street"),
    ("id_number", "indicator"),
]
_NEARLY_GOOD = st.tuples(st.sampled_from(_GROUPS), _ROWS).map(
    lambda pair: GOOD | {name: pair[1][name] for name in pair[0]}
)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    numbered_rows = [{"row_no": n, "fault": None} | row for n, row in enumerate(rows, 2)]
    return pl.DataFrame(numbered_rows, schema=SCHEMA).with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in FIELDS
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(_NEARLY_GOOD, _ROWS), min_size=1, max_size=12), st.sampled_from([None, "ZZ", "ZZ07"]))
def test_a_frame_is_judged_like_its_rows_one_by_one(rows: list[dict[str, Any]], own_unit: str | None) -> None:
    rules = Rules(RULES.coverage, own_unit, NOW)

    given_frame = frame([GOOD, *rows])
    at_once = check(given_frame, rules)
    one_by_one = [checking._examine(row, rules) for row in given_frame.iter_rows(named=True)]

    decided = ["row_no", "code", "message", *FIELDS, "name_key", "is_pending", "is_over_age"]
    assert at_once.get_column("row_no").to_list() == list(range(2, len(rows) + 3))
    for fast, slow in zip(at_once.iter_rows(named=True), one_by_one, strict=True):
        expected = {name: slow.get(name) for name in decided}
        found = {name: fast[name] for name in decided}
        for instant in ("received_at",):
            assert _instant(found.pop(instant)) == _instant(expected.pop(instant))
        assert found == expected


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def test_a_plainly_good_row_takes_the_vectorised_way() -> None:
    proved = GOOD | {"indicator": "I01a", "unemployed_on": "2017-05-10", "phone": "13800138000", "employer": USCC}
    rows = frame([GOOD, proved, GOOD | {"id_number": number(7)[:17] + "?"}])
    judged = checking._judge(rows, checking._Few.of(rows), RULES)

    assert judged.get_column("is_good").to_list() == [True, True, False]


def test_pseudonyms_digests_and_evidence_are_those_of_a_single_event() -> None:
    vault = Vault(KeyRing("k1", {"k1": FieldKey("k1", b"c" * 16, b"l" * 32)}))
    rows = [
        GOOD | {"phone": "138 0013 8000", "employer": USCC, "street": "ZZ07-01"},
        GOOD | {"phone": "13800138000", "job_form": "FLEXIBLE", "job_months": "2", "monthly_pay": "1599.9"},
        GOOD
        | {"id_type": "PASSPORT", "id_number": "e1234567", "name": "Anna Maria", "correction": "是", "job_months": "3",
           "indicator": "I01a", "unemployed_on": "2017-01-05", "phone": "+86 13800138000"},
    ]  # fmt: skip
    made = prepare(check(frame(rows), RULES), vault)

    for row, prepared in zip(rows, made.iter_rows(named=True), strict=True):
        notice = EventCreate.model_validate(checking._typed(row)).notice(NOW)
        person, _ = identify(notice, NOW.date())
        assert person is not None
        pseudonym = vault.hash.person_key(person.id_type.value, person.number)
        evidence = notice.evidence.stored(vault.phone_digest(notice.evidence.phone))
        assert prepared["person_key_0"] == pseudonym.bytes
        assert digest_number(prepared["name_digest"]) == vault.name_digest(name_key(person.name))
        assert json.loads(prepared["evidence"]) == evidence


def test_cells_that_have_slipped_show_no_number_and_no_name() -> None:
    slipped = GOOD | {"unit": number(8), "source_ref": "王测试", "source_system": "=1+1", "indicator": number(9)[:15]}

    (row,) = check(frame([slipped]), RULES).iter_rows(named=True)

    shown = {row[f"shown_{field}"] for field in ("unit", "source_ref", "source_system", "indicator")}
    assert (row["code"], shown) == ("FORMAT", {"***"})


def test_a_file_of_two_encodings_names_the_line() -> None:
    encoding = Encoding()
    encoding.decode("姓名\na".encode(), 1)

    with pytest.raises(FileUnreadableError) as refused:
        encoding.decode("a\n王测试".encode("gb18030"), 3)

    assert "第4行" in refused.value.detail


def test_a_header_says_all_that_is_wrong_with_it() -> None:
    with pytest.raises(FileUnreadableError) as refused:
        parse_header("年度,指标,证件类型,证件号码,姓名,姓名,单位,来源系统,备注")

    assert refused.value.detail.startswith("第1行（表头）有误：第6列“姓名”重复；第9列的列名无法识别；缺少“发生日期”")
