"""A register made into parts of typed facts, in a process of its own whose memory is bounded.

`python -m eligibility_svc.screenings.intake FOLDER` reads `register` and `request.json` in the folder and writes
`N.parquet` for each part, `rejections.json`, or `problem.json`. A file built to exhaust its reader ends this process,
not the worker.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

MEMORY = 2 * 1024**3


def main(folder: Path) -> None:
    """Reads one register."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Only now: what these libraries reserve counts, too.
    from eligibility_svc.screenings.domain import ColumnMap, Format  # noqa: PLC0415
    from eligibility_svc.screenings.errors import RegisterUnreadableError  # noqa: PLC0415
    from eligibility_svc.screenings.parts import write_parts  # noqa: PLC0415

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    mapping = ColumnMap(request["subject"], request["columns"], request["reference"], request["district"])
    try:
        rejections = write_parts(folder, Format(request["format"]), mapping)
    except RegisterUnreadableError as error:
        (folder / "problem.json").write_text(json.dumps({"detail": error.detail}), encoding="utf-8")
        return
    lines = [[asdict(rejection) for rejection in part] for part in rejections]
    (folder / "rejections.json").write_text(json.dumps(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
