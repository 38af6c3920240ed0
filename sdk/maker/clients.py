"""Makes the clients from `docs/openapi.json`: `python -m sdk.maker.clients [folder]`.

Python by openapi-python-client, pinned in the lock file; types for TypeScript by openapi-typescript, pinned in
`package-lock.json`, where Node.js is.
The same document gives the same bytes, so the clients are made and not committed.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sdk.maker.snapshot import SNAPSHOT

HERE = Path(__file__).parents[1]
TOOLS = Path(__file__).parent
PATIENCE = ["--fetch-retries=5", "--fetch-timeout=120000", "--prefer-offline", "--no-audit", "--no-fund"]


def main() -> int:
    """The command; its answer is the exit code."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    document = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    make_python(document, target / "python")
    print(f"已生成 {target / 'python'}")
    if shutil.which("npm"):
        make_typescript(SNAPSHOT, target / "typescript" / "jiuye.d.ts")
        print(f"已生成 {target / 'typescript' / 'jiuye.d.ts'}")
    else:
        print("没有 Node.js，未生成 TypeScript 类型文件")
    return 0


def make_python(document: dict[str, Any], target: Path) -> None:
    """The package `jiuye_client`: a module for each service, a function for each call.

    Raises:
        subprocess.CalledProcessError: the generator does not understand a part of the document.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        source.write_text(json.dumps(_by_service(document), ensure_ascii=False), encoding="utf-8")
        generator: list[str | Path] = [sys.executable, "-m", "openapi_python_client", "generate"]
        options: list[str | Path] = ["--overwrite", "--fail-on-warning", "--config", HERE / "python-client.yaml"]
        command = [*generator, *options, "--path", source, "--output-path", target]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def node_tool(name: str) -> Path:
    """A program of `package-lock.json`, fetched when it is not there yet or the lock file has changed since.

    Raises:
        subprocess.CalledProcessError: the package index cannot be reached.
    """
    modules = TOOLS / "node_modules"
    kept, wanted = modules / "installed-lock.json", (TOOLS / "package-lock.json").read_bytes()
    if not kept.exists() or kept.read_bytes() != wanted:
        subprocess.run(["npm", "ci", "--silent", *PATIENCE], cwd=TOOLS, check=True, stdout=subprocess.DEVNULL)
        kept.write_bytes(wanted)
    return modules / ".bin" / name


def make_typescript(snapshot: Path, target: Path) -> None:
    """Types of every path, body and answer.

    Raises:
        subprocess.CalledProcessError: the generator failed, or its package index cannot be reached.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # What has a default may be left out of a request.
    generator = node_tool("openapi-typescript")
    command: list[str | Path] = [generator, snapshot, "--default-non-nullable=false", "--output", target]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _by_service(document: dict[str, Any]) -> dict[str, Any]:
    """A copy whose tags are names of services: generators make modules of them, and tags are Chinese."""
    paths = {
        path: {
            method: call | {"tags": [_service(path)]} if isinstance(call, dict) else call
            for method, call in item.items()
        }
        for path, item in document["paths"].items()
    }
    return document | {"paths": paths, "tags": []}


def _service(path: str) -> str:
    return path.split("/")[3] if path.startswith("/api/v1/") else "gateway"


if __name__ == "__main__":
    sys.exit(main())
