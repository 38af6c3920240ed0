"""What a killed worker leaves behind is cleared by the next one, and what a living one uses is not."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from eligibility_svc.screenings.folders import clear_abandoned, working_folder

HOLD = """
import sys
from eligibility_svc.screenings.folders import working_folder
with working_folder() as folder:
    (folder / "register").write_text("410199199001010011")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_is_kept_while_its_worker_lives_and_cleared_once_it_is_killed(temporary: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env=os.environ | {"PYTHONPATH": "services"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdin is not None
    folder = Path(worker.stdout.readline().strip())
    try:
        assert folder.parent == temporary
        with working_folder() as mine:
            assert mine != folder
            assert (folder / "register").exists()
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        worker.stdin.close()
    assert folder.exists()
    with working_folder() as mine:
        assert [each for each in temporary.iterdir() if each.is_dir()] == [mine]
    assert list(temporary.iterdir()) == []


def test_a_folder_that_is_just_being_made_is_left_alone(temporary: Path) -> None:
    new, old, other = (temporary / name for name in ("screening-new", "screening-old", "somebody-else"))
    for folder in (new, old, other):
        folder.mkdir()
    os.utime(old, (time.time() - 3600, time.time() - 3600))
    assert clear_abandoned() == 1
    assert {new, other} == set(temporary.iterdir())
