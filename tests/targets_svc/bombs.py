"""Five gigabytes of zeros in a small workbook, made in a moment: one block, repeated, that several parts share."""

import io
import struct
import zipfile
import zlib

import xlsxwriter

_BLOCK = 1024 * 1024
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_SHEET = "xl/worksheets/sheet{}.xml"


def workbook_of_zeros(gigabytes: float, sheets: int, *, declared: int | None = None) -> bytes:
    """A workbook whose sheets unpack to so many gigabytes together; they share one stream, as overlapping parts do.

    Args:
        declared: the size that the directory states for each sheet, when it lies.
    """
    blocks = int(gigabytes * 1e9 / sheets / _BLOCK) + 1
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = (packer.compress(bytes(_BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)) * blocks + b"\x03\x00"
    out, directory, parts = bytearray(), bytearray(), 0

    def add(names: list[str], packed: bytes, method: int, checksum: int, size: int) -> int:
        at, fields = len(out), (20, 0, method, 0, 0x21, checksum, len(packed), size)
        first = names[0].encode()
        out.extend(_LOCAL.pack(b"PK\x03\x04", *fields, len(first), 0) + first + packed)
        for name in map(str.encode, names):
            directory.extend(_CENTRAL.pack(b"PK\x01\x02", 20, *fields, len(name), 0, 0, 0, 0, 0, at) + name)
        return len(names)

    for name, part in _parts(sheets).items():
        parts += add([name], part, 0, zlib.crc32(part), len(part))
    names = [_SHEET.format(number) for number in range(1, sheets + 1)]
    # The checksum is wrong: whoever has read so far has failed already.
    parts += add(names, zeros, 8, 0, blocks * _BLOCK if declared is None else declared)
    return bytes(out + directory + _END.pack(b"PK\x05\x06", 0, 0, parts, parts, len(directory), len(out), 0))


def _parts(sheets: int) -> dict[str, bytes]:
    """What a workbook has beside its sheets."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        for _ in range(sheets):
            book.add_worksheet()
    with zipfile.ZipFile(made) as package:
        return {name: package.read(name) for name in package.namelist() if not name.startswith("xl/worksheets/")}
