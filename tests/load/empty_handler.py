"""What `/checks` is compared with: the same request, answered by a handler of FastAPI that does nothing.

`uvicorn tests.load.empty_handler:app`. With the file ANSWER it gives that answer, as long as one of `/checks`; without
it an empty object.
"""

import os
from pathlib import Path

from fastapi import FastAPI, Response

app = FastAPI()
_FILE = os.environ.get("ANSWER")
_ANSWER = Path(_FILE).read_bytes() if _FILE else b"{}"


@app.post("/api/v1/eligibility/checks")
async def nothing() -> Response:
    return Response(_ANSWER, media_type="application/json")


@app.get("/readyz")
async def ready() -> dict[str, str]:
    return {"status": "ok"}
