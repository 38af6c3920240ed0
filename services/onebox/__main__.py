"""`python -m onebox`, which is `make run`."""

import sys

try:
    from onebox.command import main
except ModuleNotFoundError as missing:
    sys.exit(
        f"错误：缺少 Python 包 {missing.name}。请运行 rm -rf .venv && make run 重新安装。\n"
        f"The Python package {missing.name} is missing. Run: rm -rf .venv && make run"
    )
except KeyboardInterrupt:
    sys.exit(130)

sys.exit(main())
