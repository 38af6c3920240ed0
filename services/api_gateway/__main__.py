"""The gateway as a process: `python -m api_gateway --host 0.0.0.0 --port 18000`."""

import argparse
import ctypes
import gc
import resource

from api_gateway.forwarding.server.draining import serve
from api_gateway.main import create_app


def main() -> None:
    """Runs until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m api_gateway", description="就业服务平台的网关")
    parser.add_argument("--host", default="127.0.0.1", help="监听的地址")
    parser.add_argument("--port", type=int, default=18000, help="监听的端口")
    given = parser.parse_args()
    _open_as_many_files_as_allowed()
    app = create_app()
    _save_memory()
    serve(app, app.state.gate, given.host, given.port)


def _open_as_many_files_as_allowed() -> None:
    """Each client and each connection to a service is one; an ordinary user's limit of 1024 is only a proposal."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


_M_MMAP_THRESHOLD = -3  # malloc.h


def _save_memory() -> None:
    """A verified secret takes 19 MiB for a moment: glibc gives them back, but keeps the next ones unless told not to.

    What the start has made lives as long as the process: the collector need not look at it again and again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


if __name__ == "__main__":
    main()
