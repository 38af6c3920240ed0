"""Hostile input as a table (reliability design §2.6): members, bodies, parameters, headers and files (pure).

Every text carries CANARY, so that an answer that repeats input can be told.
"""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

CANARY = "410199199001010011"

# In place of any member of a JSON body.
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "minus one": -1,
    "minus zero": -0.0,
    "a fraction": 1.5,
    "2^31": 2**31,
    "2^63": 2**63,
    "400 digits": int("9" * 400),
    "scientific": 1e300,
    "an empty list": [],
    "an empty object": {},
    "a list of lists": [[[CANARY]]],
    "an object with an unknown member": {"status": "APPROVED", "district_id": CANARY, "role": "ADMIN"},
    "a long list": [CANARY] * 2000,
    "empty text": "",
    "blanks": " \t ",
    "text": CANARY,
    "10 000 characters": CANARY + "长" * 10_000,
    "SQL": f"'; DROP TABLE job; --{CANARY}",
    "SQL in a number": f"1 OR 1=1 {CANARY}",
    "LIKE wildcards": f"%_{CANARY}%",
    "JSONPath": f"$..*[?(@.{CANARY})]",
    "a template": "{{7*7}}${7*7}" + CANARY,
    "a path": f"../../../../etc/passwd\\..\\{CANARY}",
    "a new line": f"a\r\nX-Injected: {CANARY}",
    "a formula": f'=HYPERLINK("http://example.com/{CANARY}")',
    "a full-width formula": f"＝CMD|{CANARY}",
    "markup": f"<script>{CANARY}</script>",
    "right to left": f"\u202e{CANARY}\u202c",
    "zero width": f"\u200b{CANARY}\ufeff",
    "four-byte characters": f"𠮷𠀋😀{CANARY}",
    "Arabic digits": "٣٤",
    "full-width digits": "１２３",
    "underscored digits": "1_000",
    "scientific text": "1e3",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "a trailing new line": "2017-05\n",
    "the year 0": "0000-01-01",
    "the year 9999": "9999-12-31",
    "no such day": "2018-02-30",
    "an instant": "2018-09-01T00:00:00+08:00",
    "an address inside": f"http://[::ffff:127.0.0.1]/{CANARY}",
    "a decimal address": f"http://2130706433/{CANARY}",
}
# In place of a parameter of the path or the query: texts only, and short enough for an address.
TEXTS = {name: value for name, value in VALUES.items() if isinstance(value, str) and 0 < len(value.strip()) < 1000}
TEXTS |= {
    "a NUL": "a\x00b",
    "a dot": ".",
    "an encoded slash": "a%2Fb",
    "2^63": str(2**63),
    "minus one": "-1",
    "1 000 digits": "9" * 1000,
}
HEADERS = {
    "empty": "",
    "a star": "*",
    "weak": 'W/"1"',
    "many": '"1", "2", "3"',
    "unquoted": CANARY,
    "huge": '"' + "9" * 400 + '"',
    "SQL": f'"\'; DROP TABLE job; --{CANARY}"',
}


def bodies(example: Any) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """What may be sent instead of a JSON body: a name, the bytes, the headers."""
    text = json.dumps(example, ensure_ascii=False)
    json_header = {"Content-Type": "application/json"}
    twice = text[:-1] + ("," if len(text) > 2 else "") + '"x":1,"x":2}' if text.endswith("}") else '{"x":1,"x":2}'
    made = {
        "nothing": b"",
        "two members of one name": twice.encode(),
        "NaN": b'{"a": NaN}',
        "Infinity": b'{"a": -Infinity}',
        "1e400": b'{"a": 1e400}',
        "5 000 digits": b'{"a": ' + b"9" * 5000 + b"}",
        "a NUL": b'{"a": "\\u0000"}',
        "half a surrogate": b'{"a": "\\ud800"}',
        "900 levels": b"[" * 900 + b"]" * 900,
        "100 000 levels": b"[" * 100_000,
        "a byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "UTF-16": text.encode("utf-16"),
        "GBK": '{"a": "郑州"}'.encode("gbk"),
        "half a body": text.encode()[: len(text) // 2],
        "a list": b"[]",
        "a text": f'"{CANARY}"'.encode(),
        "null": b"null",
        "two bodies": (text + text).encode(),
    }
    for name, content in made.items():
        yield name, content, json_header
    yield "text/plain", text.encode(), {"Content-Type": "text/plain"}
    yield "a form", b"a=1&a=2", {"Content-Type": "application/x-www-form-urlencoded"}
    yield (
        "XML",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        {"Content-Type": "application/xml"},
    )
    yield "gzip", gzip.compress(text.encode()), json_header | {"Content-Encoding": "gzip"}
    yield "another charset", text.encode(), {"Content-Type": "application/json; charset=gbk"}
    yield "another method asked for", text.encode(), json_header | {"X-HTTP-Method-Override": "DELETE"}


def _archive(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def files() -> dict[str, tuple[str, bytes]]:
    """Files as uploads: a name, and what is called so."""
    return {
        "empty": ("a.csv", b""),
        "one byte": ("a.csv", b"\x00"),
        "a header alone": ("a.csv", "姓名,证件号码\n".encode()),
        "no such columns": ("a.csv", f"甲,乙\n1,{CANARY}\n".encode()),
        "NULs": ("a.csv", b"a,b\n\x00\x00,\x00\n"),
        "carriage returns alone": ("a.csv", f"a,b\r1,{CANARY}\r".encode()),
        "two encodings": ("a.csv", "姓名,单位\n".encode() + "郑州,市区\n".encode("gbk")),
        "a field of 200 000 characters": ("a.csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n'),
        "5 000 columns": ("a.csv", b",".join([b"a"] * 5000) + b"\n"),
        "an open quote": ("a.csv", b'a,b\n"1,2\n3,4\n'),
        "formulas": ("a.csv", f"=1+1,@SUM(A1)\n=cmd|' /C calc'!A0,{CANARY}\n".encode()),
        "a name with a path": ("../../etc/passwd", b"a,b\n1,2\n"),
        "a name with a new line": ("a\r\nb.csv", b"a,b\n1,2\n"),
        "half an archive": ("a.xlsx", _archive({"xl/workbook.xml": b"<a/>"})[:40]),
        "an archive that is no workbook": ("a.xlsx", _archive({"a.txt": b"a"})),
        "an archive with a path": ("a.xlsx", _archive({"../../a": b"a", "[Content_Types].xml": b"<a/>"})),
        "10 MB of zeros in an archive": ("a.xlsx", _archive({"xl/worksheets/sheet1.xml": bytes(10_000_000)})),
        "entities": (
            "a.xlsx",
            _archive({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'}),
        ),
        "a picture": ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        "half a parquet file": ("a.parquet", b"PAR1" + bytes(50) + b"PAR1"),
        "a document": ("a.csv", b"%PDF-1.7\n"),
    }


def places(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a JSON value has members: paths into it, deep."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, member in items:
        yield (*where, key)
        yield from places(member, (*where, key))


def replaced(value: Any, where: tuple[Any, ...], new: Any) -> Any:
    """A copy of `value` with something else at a place."""
    if not where:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[where[0]] = replaced(copy[where[0]], where[1:], new)
    return copy
