"""The gateway as a process: `python -m api_gateway --host 0.0.0.0 --port 18000`."""

import argparse

from api_gateway.forwarding.server.draining import serve
from api_gateway.main import create_app


def main() -> None:
    """Runs until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m api_gateway", description="就业服务平台的网关")
    parser.add_argument("--host", default="127.0.0.1", help="监听的地址")
    parser.add_argument("--port", type=int, default=18000, help="监听的端口")
    given = parser.parse_args()
    app = create_app()
    serve(app, app.state.gate, given.host, given.port)


if __name__ == "__main__":
    main()
