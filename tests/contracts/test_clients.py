"""The clients that integrators make from the document, used against the running platform.

Slow, so `make test-api` runs them.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api_gateway.documents.service import INTRODUCTION
from sdk.maker.clients import HERE, make_python, make_typescript, node_tool
from sdk.maker.snapshot import SNAPSHOT, as_text
from tests.api_gateway.conftest import SECRET
from tests.contracts.platform import GATEWAY, Platform

pytestmark = pytest.mark.skipif(os.environ.get("JIUYE_TEST_API") != "whole", reason="make test-api")
HAS_CURL = shutil.which("bash") is not None and shutil.which("curl") is not None
HAS_NODE = shutil.which("node") is not None and shutil.which("npm") is not None


async def run(*command: str | Path, **environment: str) -> str:
    """What a command says.

    Raises:
        AssertionError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def document(platform: Platform) -> dict[str, Any]:
    """As the platform serves it today, which is the snapshot unless something was added since."""
    return platform.document | {"servers": [{"url": "/"}]}


async def test_the_python_client_does_the_main_job_from_an_empty_environment(
    platform: Platform, document: dict[str, Any], tmp_path: Path
) -> None:
    make_python(document, tmp_path / "python")
    await run(sys.executable, "-m", "venv", tmp_path / "empty")
    python = tmp_path / "empty" / "bin" / "python"
    await run(python, "-m", "pip", "install", "--quiet", tmp_path / "python")
    said = await run(
        python,
        HERE / "examples" / "main_job.py",
        JIUYE_BASE=str(platform.http[GATEWAY].base_url),
        JIUYE_CLIENT="integrator-own",
        JIUYE_SECRET=SECRET,
    )
    assert "郑政办文〔2017〕15号" in said
    assert "130000" in said
    assert "360.00" in said
    assert "贴息合计 12780.83 元" in said


@pytest.mark.skipif(not HAS_CURL, reason="bash and curl are needed for the commands of the introduction")
async def test_the_commands_of_the_introduction_can_be_pasted(platform: Platform) -> None:
    [commands] = re.findall(r"```bash\n(.*?)```", INTRODUCTION.read_text(encoding="utf-8"), re.DOTALL)
    base = str(platform.http[GATEWAY].base_url)
    for _ in range(2):  # the second time there is a second page
        said = await run("bash", "-euc", commands, BASE=base, CLIENT="integrator-own", SECRET=SECRET)
    assert said.count("HTTP/1.1 201") == 2
    assert said.count("idempotency-replayed: true") == 1
    assert said.count('"next":"') >= 1
    assert said.count('"next":null') == 1


def test_the_same_document_makes_the_same_bytes(tmp_path: Path) -> None:
    kept = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    for name in ("one", "two"):
        make_python(kept, tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.skipif(not HAS_NODE, reason="Node.js (node and npm) is not installed: TypeScript types are not made here")
async def test_the_types_compile_with_calls_that_use_them(document: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "openapi.json"
    source.write_text(as_text(document), encoding="utf-8")
    await asyncio.to_thread(make_typescript, source, tmp_path / "jiuye.d.ts")
    shutil.copy(HERE / "examples" / "main_job.ts", tmp_path)
    compiler = [node_tool("tsc"), "--noEmit", "--strict", "--lib", "es2022,dom"]
    await run(*compiler, tmp_path / "main_job.ts")
    wrong = (tmp_path / "main_job.ts").read_text(encoding="utf-8").replace('"PERSON"', '"NOBODY"')
    (tmp_path / "wrong.ts").write_text(wrong, encoding="utf-8")
    refused = await asyncio.to_thread(
        subprocess.run, [*compiler, tmp_path / "wrong.ts"], check=False, capture_output=True
    )
    assert b"NOBODY" in refused.stdout
