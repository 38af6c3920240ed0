"""A workbook on standard input, its first sheet as csv on standard output: a process of its own, with limits.

`python -m kit.workbooks`. A small zip may unpack to anything; whatever a workbook does to its reader ends this process
and not its caller, who uses `read_workbook`.
"""

import asyncio
import csv
import datetime as dt
import io
import os
import resource
import sys
import zipfile
from pathlib import Path
from typing import IO

MAX_WORKBOOK_BYTES = 20 * 1024 * 1024
_MAX_UNPACKED = 100 * 1024 * 1024
_MAX_ENTRIES = 1000
_MEMORY = 1024 * 1024 * 1024
_CPU_SECONDS = 60
_SIGNATURE = b"PK\x03\x04"


class WorkbookUnreadableError(Exception):
    """Why, as a Chinese sentence for who sent it."""


def is_workbook(beginning: bytes) -> bool:
    """Whether a file begins as a zip does; a csv never does."""
    return beginning.startswith(_SIGNATURE)


async def read_workbook(package: bytes) -> bytes:
    """The first sheet as UTF-8 csv, dates as YYYY-MM-DD.

    Raises:
        WorkbookUnreadableError.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kit.workbooks"),
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        lines, said = await process.communicate(package)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        sentence = said.decode(errors="replace").strip()
        known = sentence if sentence.endswith("。") and "\n" not in sentence else None
        raise WorkbookUnreadableError(known or "工作簿太大或已损坏，请拆分，或另存为csv后上传。")
    return lines


def find_fault(file: IO[bytes]) -> str | None:
    """What is wrong with a package by its directory alone, in Chinese; None when it may be opened."""
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "文件不是完整的xlsx工作簿，请用Excel或WPS重新保存后上传。"
    if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
        return "工作簿解压后超过100 MB，请拆分，或另存为csv后上传。"
    if not any(entry.filename == "xl/workbook.xml" for entry in entries):
        return "文件不是xlsx工作簿，请用Excel或WPS另存为xlsx或csv后上传。"
    return None


def _text(cell: object) -> str:
    """As a person would type it: whole numbers without a fraction."""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else str(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    return " ".join(str(cell).split())


def main() -> None:
    """Exit code 1 with a Chinese sentence on standard error when the workbook cannot be read."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  only under the limits

    package = sys.stdin.buffer.read()
    if fault := find_fault(io.BytesIO(package)):
        sys.exit(fault)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(package)).get_sheet_by_index(0)
    except (CalamineError, IndexError, OSError, ValueError):
        sys.exit("工作簿已损坏或有密码，请用Excel或WPS重新保存后上传。")
    if above := sheet.start[0] if sheet.start else 0:
        sys.exit(f"第1行应为表头，现在表头前有{above}个空行，请删去后重新上传。")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for row in sheet.iter_rows():
        writer.writerow([_text(cell) for cell in row])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a real stream in a process of its own
    main()
