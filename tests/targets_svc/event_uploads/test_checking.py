"""The vectorised way and the single event's way say the same of every row."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.crypto.keys import FieldKey, KeyRing
from kit.identifiers.citizen_id import check_character
from targets_svc.event_uploads import checking
from targets_svc.event_uploads.checking import Rules, check
from targets_svc.event_uploads.domain import FIELDS
from targets_svc.event_uploads.errors import FileUnreadableError
from targets_svc.event_uploads.reading import SCHEMA, Encoding, parse_header
from targets_svc.event_uploads.recording import with_digests, with_person_keys
from targets_svc.register.domain import Coverage, SlotKey, identify
from targets_svc.register.schemas import EventCreate
from targets_svc.register.service import Claim, Vault, _canonical
from tests.targets_svc.register.people import number

NOW = datetime(2017, 12, 31, 4, tzinfo=UTC)
RULES = Rules({2017: Coverage({"ZZ07", "ZZ08"}, {"I01", "I01a", "I02"})}, None, NOW)
GOOD = {
    "year": "2017", "indicator": "I01", "id_type": "RESIDENT_ID", "id_number": number(7), "name": "王测试",
    "event_date": "2017-05-10", "unit": "ZZ07", "source_system": "hr", "source_ref": "R-1", "received_at": None,
}  # fmt: skip


def numbered(body: str) -> str:
    return body + check_character(body)


_NUMBERS = st.one_of(
    st.builds(
        lambda area, day, serial: numbered(f"{area}{day}{serial:03d}"),
        st.sampled_from(["410199", "710199", "810199", "910199", "160199", "000199"]),
        st.sampled_from(
            ["19900101", "20010510", "20010511", "19000101", "18991231", "19900230", "20000229", "20180101", "20171231"]
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
_ROWS = st.fixed_dictionaries(
    {
        "year": st.sampled_from(["2017", "2017", "2018", "17", "２０１７", "", "2017.0"]),
        "indicator": st.sampled_from(["I01", "I01a", "I03", "=I01", ""]),
        "id_type": st.sampled_from(["RESIDENT_ID", "RESIDENT_ID", "PASSPORT", "FOREIGN_PR", "身份证"]),
        "id_number": _NUMBERS,
        "name": st.sampled_from(["王测试", "王", "欧阳测试", "Anna Maria",
             "王 试", "王\u200b试", "㐂测试", "王试" * 30, "=王试"]),
        "event_date": st.sampled_from(
            ["2017-05-10", "2017-05-11", "2017-12-31", "2018-01-01", "2017-02-29",
             "2017-2-9", "2016-12-31", "٢٠١٧-٠٥-١٠", ""]
        ),
        "unit": st.sampled_from(["ZZ07", "ZZ08", "ZZ99", "zz07"]),
        "source_system": st.sampled_from(["hr", "人社", "h r", "a" * 65]),
        "source_ref": st.sampled_from(["R-1", "=R", "编号", "R 1", number(3), f"x{number(7)}", "r" * 101]),
        "received_at": st.sampled_from(
            [None, "2017-06-01T00:00:00Z", "2017-12-31T04:00:01Z", "2017-06-01T08:00:00+08:00", "2017-02-30T00:00:00Z",
             "2017-06-01T24:00:00Z", "2017-06-01T00:00:60Z", "2017-06-01 00:00:00", "1890-06-01T00:00:00Z"]
        ),
    }
)  # fmt: skip
# One wrong cell at a time finds what many at once would hide.
_NEARLY_GOOD = st.tuples(st.sampled_from(FIELDS), _ROWS).map(lambda pair: GOOD | {pair[0]: pair[1][pair[0]]})


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

    decided = ["row_no", "code", "message", *FIELDS, "name_key"]
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
    judged = frame([GOOD, GOOD | {"id_number": number(7)[:17] + "?"}]).select(good=checking._is_plainly_good(RULES))

    assert judged.get_column("good").to_list() == [True, False]


def test_pseudonyms_and_digests_are_those_of_a_single_event() -> None:
    key = FieldKey("k1", b"c" * 16, b"l" * 32)
    vault = Vault(KeyRing("k1", {"k1": key}))
    rows = [GOOD, GOOD | {"id_type": "PASSPORT", "id_number": "e1234567", "name": "Anna  Maria".replace("  ", " ")}]
    keyed = with_person_keys(check(frame(rows), RULES), vault)
    made = with_digests(keyed.rename({"person_key_0": "person_key"}), vault)

    for row, prepared in zip(rows, made.iter_rows(named=True), strict=True):
        values = {name: cell for name, cell in row.items() if cell is not None} | {"year": 2017}
        notice = EventCreate.model_validate(values).notice(NOW)
        person, _ = identify(notice, NOW.date())
        assert person is not None
        pseudonym = vault.hash.person_key(person.id_type.value, person.number)
        slot = SlotKey(2017, notice.indicator, pseudonym)
        claim = Claim(pseudonym, slot, notice.unit, notice.event_date, NOW, "hr", notice.source_ref)
        digest = vault.hash.lookup("register.content", _canonical(claim, person)).digest
        assert prepared["person_key"] == pseudonym.hex
        assert prepared["content_digest"] == "\\x" + digest.hex()
        (sealed,) = vault.cipher.seal_many(
            [person.name.encode()], column="person_identity.name", row_ids=[pseudonym.bytes]
        )
        assert vault.cipher.decrypt(sealed, column="person_identity.name", row_id=pseudonym) == person.name


def test_cells_that_have_slipped_show_no_number_and_no_name() -> None:
    slipped = GOOD | {"unit": number(8), "source_ref": "王测试", "source_system": "=1+1", "indicator": number(9)[:15]}

    (row,) = check(frame([slipped]), RULES).iter_rows(named=True)

    shown = {row[f"shown_{field}"] for field in ("unit", "source_ref", "source_system", "indicator")}
    assert (row["code"], shown) == ("FORMAT", {"***"})


def test_a_file_of_two_encodings_names_the_line() -> None:
    encoding = Encoding()
    encoding.decode(["姓名".encode(), b"a"], 1)

    with pytest.raises(FileUnreadableError) as refused:
        encoding.decode([b"a", "王测试".encode("gb18030")], 3)

    assert "第4行" in refused.value.detail


def test_a_header_says_all_that_is_wrong_with_it() -> None:
    with pytest.raises(FileUnreadableError) as refused:
        parse_header("年度,指标,证件类型,证件号码,姓名,姓名,单位,来源系统,备注")

    assert refused.value.detail.startswith("第1行（表头）有误：第6列“姓名”重复；第9列的列名无法识别；缺少“发生日期”")
