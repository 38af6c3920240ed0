"""An xlsx file examined before anything interprets it.

A workbook of a few megabytes can claim gigabytes: by its compression, by one cell far away, by a text that every cell
repeats, by XML entities. So the directory of the zip is looked at first, each part is unpacked within a bound, each
part's XML is walked once with its cells counted, and the reader gets a new archive of exactly what was examined.
"""

import zipfile
import zlib
from io import BytesIO
from xml.parsers import expat

from targets_svc.plan_imports.errors import FileSuspectError, FileUnreadableError

MAX_ENTRIES = 100
MAX_UNPACKED = 8 * 1024 * 1024
MAX_CELLS = 20_000
MAX_ROWS = 2_000
MAX_COLUMNS = 200
MAX_TEXT = 1_000
"""Characters of one shared text; a thousand cells may repeat it."""
MAX_DEPTH = 40
_XML = (".xml", ".rels", ".vml")
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")


def examine(content: bytes) -> BytesIO:
    """The same workbook, repacked without compression, after every limit was found kept.

    Raises:
        FileUnreadableError: no zip, damaged, encrypted, or no workbook.
        FileSuspectError: a limit is exceeded.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = _unpack(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise FileUnreadableError from None
    if "xl/workbook.xml" not in parts:
        raise FileUnreadableError("这不是xlsx工作簿；请用Excel或WPS打开后另存为xlsx。")
    counted = _Counted()
    for name, part in parts.items():
        if name.lower().endswith(_XML):
            _walk(part, counted)
    return _repack(parts)


def _unpack(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    declared = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or declared > MAX_UNPACKED or len({e.filename for e in entries}) < len(entries):
        raise FileSuspectError
    parts: dict[str, bytes] = {}
    for entry in entries:
        with archive.open(entry) as stream:  # ends at the declared size, and refuses what has another checksum
            parts[entry.filename] = stream.read(MAX_UNPACKED + 1)
    if sum(map(len, parts.values())) > MAX_UNPACKED:
        raise FileSuspectError
    return parts


class _Counted:
    def __init__(self) -> None:
        self.cells = 0


def _walk(part: bytes, counted: _Counted) -> None:
    """One part's XML: no declarations, bounded depth and texts, cells near each other."""
    if any(word in part.upper() for word in _DECLARATIONS) or part[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in part:
        raise FileSuspectError
    parser = expat.ParserCreate(namespace_separator="|")
    walker = _Walker(counted)
    parser.StartElementHandler = walker.start
    parser.EndElementHandler = walker.end
    parser.CharacterDataHandler = walker.text
    try:
        parser.Parse(part, True)
    except expat.ExpatError:
        raise FileUnreadableError from None


class _Walker:
    def __init__(self, counted: _Counted) -> None:
        self._counted = counted
        self._depth = 0
        self._shared = 0
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        kind = name.rpartition("|")[2]
        if kind == "si":
            self._shared, self._length = self._depth, 0
        elif kind in {"c", "row"}:
            self._counted.cells += 1
            _require_near(attributes.get("r"))
        if self._depth > MAX_DEPTH or self._counted.cells > MAX_CELLS:
            raise FileSuspectError

    def end(self, _: str) -> None:
        if self._depth == self._shared:
            self._shared = 0
        self._depth -= 1

    def text(self, data: str) -> None:
        self._length += len(data)
        if self._shared and self._length > MAX_TEXT:
            raise FileSuspectError


def _require_near(reference: str | None) -> None:
    """`B7` of a cell, `7` of a row."""
    if reference is None:
        return
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    column = 0
    for letter in letters[:4].upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    if len(digits) > 7 or len(letters) > 3 or int(digits or 0) > MAX_ROWS or not 0 <= column <= MAX_COLUMNS:
        raise FileSuspectError


def _repack(parts: dict[str, bytes]) -> BytesIO:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    out.seek(0)
    return out
