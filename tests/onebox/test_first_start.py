"""What goes wrong in the middle of a first start leaves the next one nothing to stumble over."""

import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onebox import ports
from onebox.postgres import TEST, Postgres
from onebox.servers import running
from onebox.valkey import Valkey

REPOSITORY = Path(__file__).parents[2]


def test_an_initdb_whose_starter_was_killed_does_not_disturb_the_next(tmp_path):
    folder = tmp_path / "postgres"
    code = f"from onebox.postgres import *; Postgres(Path({str(folder)!r}), 1, 'secret', TEST).prepare()"
    starter = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, env={"PYTHONPATH": "services"})
    end = time.monotonic() + 20
    while not list(tmp_path.glob("postgres.new-*/PG_VERSION")):
        assert time.monotonic() < end
        assert starter.poll() is None
    starter.kill()
    starter.wait()

    Postgres(folder, 1, "secret", TEST).prepare()

    assert (folder / "PG_VERSION").exists()


@pytest.mark.parametrize("name", ["two words", "数据", "it's", 'a"b\\c', "two\nlines", "$HOME %d;#"])
def test_valkey_runs_in_a_folder_of_any_name(tmp_path, name):
    (tmp_path / name).mkdir()
    valkey = Valkey(tmp_path / name / "valkey", ports.free_ports(1)[0], "secret")
    with running(valkey, tmp_path / "log"):
        assert (tmp_path / name / "valkey" / "appendonlydir").is_dir()


def test_a_full_disk_is_told_without_a_traceback(tmp_path):
    """No byte can be written, as on a disk without room."""
    started = subprocess.run(
        [sys.executable, "-m", "onebox"],
        cwd=REPOSITORY,
        env={"PYTHONPATH": "services", "PATH": "/usr/bin:/bin", "JIUYE_HOME": str(tmp_path / "home")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert "请检查磁盘空间" in started.stderr
    assert "Traceback" not in started.stdout + started.stderr


async def test_two_that_install_at_once_take_turns(tmp_path):
    """`make demo` in a second terminal, while `make run` still installs; pip is one that only takes its time."""
    (tmp_path / "requirements.lock").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ncase "$*" in *"-r requirements.lock") sleep 1;; esac\n')
    python.chmod(0o755)
    command = [sys.executable, str(REPOSITORY / "services" / "onebox" / "install.py"), "requirements.lock"]
    both = [
        await asyncio.create_subprocess_exec(*command, cwd=tmp_path, env={"PATH": "/bin"}, stdout=-1) for _ in range(2)
    ]
    said = [output.decode() for output, _ in await asyncio.gather(*(one.communicate() for one in both))]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted("安装依赖（" in text for text in said) == [False, True]
    assert sum("请稍候" in text for text in said) == 1


def test_what_curl_would_ask_a_proxy_for_is_asked_directly():
    code = "from onebox.welcome import *; print(welcome(Settings(18000, Path('/h')), Home(Path(\"/it's\")), 1))"
    command = [sys.executable, "-c", f"from pathlib import Path\n{code}"]
    said = [
        subprocess.run(
            command,
            cwd=REPOSITORY,
            env={"PYTHONPATH": "services"} | proxy,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        for proxy in ({"http_proxy": "http://proxy.example:8080"}, {})
    ]
    assert ["export no_proxy=127.0.0.1\n" in one for one in said] == [True, False]
    assert "'/it'\"'\"'s/credentials.json'" in said[0]
