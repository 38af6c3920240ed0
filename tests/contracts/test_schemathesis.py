"""Generated calls over the merged document through the gateway (S1): no fault, and nothing that it does not say.

A short run in `make test`; `make test-api` sends at least 12 000 cases.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.contracts.matrix import Matrix, owner_of, row_of
from tests.contracts.platform import GATEWAY, principal

IS_WHOLE = os.environ.get("JIUYE_TEST_API") == "whole"
ROOT = Path(__file__).parents[2]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# A request that fits the schema may still be refused by the law or by what is stored.
# One worker: in CPython 3.11 ast.parse fails in two threads at once, and the generator uses it.
NOT_CHECKED = "positive_data_acceptance"


async def test_generated_calls_find_nothing_undocumented(
    matrix: Matrix, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    platform = matrix.platform
    tokens, paths = {}, {}
    for operation in matrix.calls.values():
        name = row_of(operation.id).get("object")
        kinds = matrix.holders(operation)
        owners = [who for kind in kinds if name and (who := owner_of(name, kind))] or [
            principal(kind) for kind in kinds
        ]
        if owners:
            token = platform.authorization(GATEWAY, owners[0])["Authorization"]
            tokens[operation.id] = token.removeprefix("Bearer ")
        if name in matrix.known:
            paths[operation.id] = {key: str(value) for key, value in matrix.known[name].items()}
    known = tmp_path / "known.json"
    known.write_text(json.dumps({"tokens": tokens, "paths": paths}), encoding="utf-8")
    amount = (
        ["--phases=examples,coverage,fuzzing", "-n", "60", "--no-shrink"]
        if IS_WHOLE
        else ["--phases=examples", "-n", "1"]
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIGURATION),
        *("run", f"{platform.http[GATEWAY].base_url}/openapi.json"),
        *("--checks=all", f"--exclude-checks={NOT_CHECKED}", "--workers=1", "--seed=2017", "--continue-on-failure"),
        *(
            "--request-timeout=70",
            "--max-response-time=60",
            "--suppress-health-check=all",
            "--generation-database=none",
            *amount,
        ),
        cwd=ROOT,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.contracts.fuzzing_hooks", "JIUYE_TEST_KNOWN": str(known)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines = (await process.communicate())[0].decode().splitlines()
    said = "\n".join(line[:300] for line in lines)  # a generated address is up to 12 000 characters long
    assert process.returncode == 0, said[-20_000:]
    if IS_WHOLE:
        cases = sum(int(n) for n in re.findall(r"(\d+) generated", said))
        with capsys.disabled():
            sys.stdout.write(f"\n经网关发出随机用例 {cases} 个，没有 5xx，没有文档以外的响应\n")
        assert cases >= 12_000, said[-2000:]
