"""A workbook on standard input, its first sheet as csv lines on standard output: a process of its own, with limits.

A small zip may unpack to anything; whatever a workbook does to its reader ends this process and not the worker.
"""

import csv
import datetime as dt
import io
import resource
import sys

from kit.workbooks import find_fault

_MEMORY = 1024 * 1024 * 1024
_CPU_SECONDS = 60


def _text(cell: object) -> str:
    """As a person would type it: whole numbers without a fraction, dates as YYYY-MM-DD."""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else str(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.strftime("%Y-%m-%dT%H:%M:%S+08:00")
    return " ".join(str(cell).split("\n")).replace("\r", " ").strip(" ")


def main() -> None:
    """Exit code 1 with a Chinese sentence on standard error when the workbook cannot be read."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  only under the limits

    file = io.BytesIO(sys.stdin.buffer.read())
    if fault := find_fault(file):
        sys.exit(fault)
    try:
        file.seek(0)
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
    except (CalamineError, IndexError, OSError, ValueError):
        sys.exit("工作簿已损坏或有密码，请用Excel或WPS重新保存后上传。")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    above = sheet.start[0] if sheet.start else 0
    if above:
        sys.exit(f"第1行应为表头，现在表头前有{above}个空行，请删去后重新上传。")
    for row in sheet.iter_rows():
        writer.writerow([_text(cell) for cell in row])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a real stream in a process of its own
    main()
