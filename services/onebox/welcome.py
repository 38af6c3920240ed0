"""What is printed when everything is ready."""

import json
import os
import shlex

from onebox.home import Home
from onebox.settings import Settings

_TEXT = """
就业服务平台已就绪（用时 {seconds:.1f} 秒）

  地址      {base}
  接口文档  {base}/docs
  账号      {credentials}（仅本人可读）
  日志      {logs}

在另一个终端里试三个调用：

# 1 取令牌
{direct}SECRET=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["clients"]["platform"]["client_secret"])' {quoted})
TOKEN=$(curl -s {base}/oauth/token -d grant_type=client_credentials -d client_id=platform \\
  -d client_secret="$SECRET" | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')

# 2 2017 年就业目标任务分解表
curl -s -H "Authorization: Bearer $TOKEN" {base}/api/v1/targets/plans/2017; echo

# 3 一个人能享受哪些政策，依据哪一条
curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' {base}/api/v1/eligibility/checks \\
  -d '{check}'; echo

完整演示：make demo        停止：Ctrl-C
"""

_PROXIES = ("http_proxy", "all_proxy", "ALL_PROXY")  # those that curl asks, and it would ask them for us, too
_CHECK = json.dumps(
    {
        "subject": "PERSON",
        "as_of": "2019-06-03",
        "facts": {
            "school_kind": "UNIVERSITY",
            "graduated_on": "2017-07-01",
            "is_first_business": True,
            "business_opened_on": "2018-01-10",
            "is_business_operating": True,
        },
    }
)


def welcome(settings: Settings, home: Home, seconds: float) -> str:
    """Address, documents, credentials, and calls that work when they are pasted."""
    return _TEXT.format(
        seconds=seconds,
        base=settings.base_url,
        credentials=home.credentials,
        quoted=shlex.quote(str(home.credentials)),
        logs=home.logs,
        direct="export no_proxy=127.0.0.1\n" if any(os.environ.get(name) for name in _PROXIES) else "",
        check=_CHECK,
    )
