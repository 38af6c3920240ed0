"""Keeps `docs/openapi.json` beside the code: `python -m sdk.maker.snapshot check|renew`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from sdk.maker.compatibility import breaks
from sdk.maker.document import merged_document

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"


def as_text(document: dict[str, Any]) -> str:
    """One member on a line and in a fixed order: small differences stay small."""
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """The command; its answer is the exit code."""
    parser = argparse.ArgumentParser(prog="sdk.maker.snapshot")
    parser.add_argument("what", choices=["check", "renew"])
    parser.add_argument("--breaking", action="store_true", help="accept what breaks clients")
    asked = parser.parse_args()
    text = as_text(merged_document())
    kept = SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else text
    broken = [] if asked.breaking else breaks(json.loads(kept), json.loads(text))
    if broken:
        print("以下改动会使已有的客户端出错：", *broken, sep="\n  ")
        print("v1 之内只能增加。请改回，或另立 v2；确需如此（例如尚未发布的接口），请运行：make openapi BREAKING=yes")
        return 1
    if asked.what == "renew":
        SNAPSHOT.write_text(text, encoding="utf-8")
        print(f"已更新 {SNAPSHOT.name}，共 {len(json.loads(text)['paths'])} 个地址")
        return 0
    if kept != text or not SNAPSHOT.exists():
        print("docs/openapi.json 不是最新的，请运行 make openapi 并提交。")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
