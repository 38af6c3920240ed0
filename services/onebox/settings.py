"""What the person at the keyboard may set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from onebox.errors import OneboxError
from onebox.processes import PORT_COUNT

DEFAULT_PORT = 18_000
DEFAULT_HOME = ".jiuye"
_LAST_PORT = 65_535
_PASSED_ON = ("ssl", "host", "port", "target_session_attrs")


@dataclass(frozen=True)
class Settings:
    """Of `make run`.

    Attributes:
        port: of the gateway; the services and embedded servers have the next ones.
        home: where everything is kept.
        postgres_url: an administrator's URL of the person's own server; None for the embedded one.
        redis_url: of the person's own server; None for the embedded one.
    """

    port: int
    home: Path
    postgres_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """PORT, JIUYE_HOME, JIUYE_POSTGRES_URL, JIUYE_REDIS_URL; an empty one counts as not set.

        Raises:
            OneboxError: PORT or a URL cannot be used.
        """
        return cls(
            port=_port(environment.get("PORT") or str(DEFAULT_PORT)),
            home=Path(environment.get("JIUYE_HOME") or DEFAULT_HOME),
            postgres_url=_postgres_url(environment.get("JIUYE_POSTGRES_URL")),
            redis_url=_redis_url(environment.get("JIUYE_REDIS_URL")),
        )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def role_url(admin_url: str, role: str, password: str, database: str) -> str:
    """The administrator's URL turned into that of a role, as SQLAlchemy reads it."""
    parts = urlsplit(admin_url)
    where = parts.netloc.rpartition("@")[2]
    options = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]
    query = urlencode([(name, value) for name, value in options if name in _PASSED_ON])
    url = f"postgresql+asyncpg://{quote(role, safe='')}:{quote(password, safe='')}@{where}/{database}"
    return f"{url}?{query}" if query else url


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1024 <= int(text) <= _LAST_PORT - PORT_COUNT + 1:
        return int(text)
    raise OneboxError(
        f"PORT 必须是 1024 到 {_LAST_PORT - PORT_COUNT + 1} 之间的整数，例如 PORT=19000 make run。",
        f"PORT must be a number between 1024 and {_LAST_PORT - PORT_COUNT + 1}, for example PORT=19000 make run.",
    )


def _postgres_url(text: str | None) -> str | None:
    if not text:
        return None
    scheme, separator, rest = text.partition("://")
    if separator and scheme in {"postgresql", "postgres", "postgresql+asyncpg"}:
        url = f"postgresql://{rest}"
        if _splits(url) and unquote(urlsplit(url).username or ""):
            return url
    raise OneboxError(
        "JIUYE_POSTGRES_URL 的格式不对，应形如 postgresql://USER:PASSWORD@HOST:5432/postgres。",
        "JIUYE_POSTGRES_URL must look like postgresql://USER:PASSWORD@HOST:5432/postgres.",
    )


def _redis_url(text: str | None) -> str | None:
    if not text:
        return None
    if text.startswith(("redis://", "rediss://")) and _splits(text):
        return text
    raise OneboxError(
        "JIUYE_REDIS_URL 的格式不对，应形如 redis://:PASSWORD@HOST:6379/0。",
        "JIUYE_REDIS_URL must look like redis://:PASSWORD@HOST:6379/0.",
    )


def _splits(url: str) -> bool:
    try:
        return urlsplit(url).port is None or bool(urlsplit(url).hostname)
    except ValueError:
        return False
