"""Where a webhook may go: nobody may make this platform call into its own network (OWASP API7:2023)."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressRefusedError(Exception):
    """`code` says why, for the delivery log; the message is Chinese, for whoever registers the address."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was resolved once and is called at that IP.

    Attributes:
        url: with the IP in place of the name.
        host: the Host header.
        name: what the certificate must be for.
    """

    url: str
    host: str
    name: str


def parse_networks(text: str | None) -> list[Network]:
    """From `10.8.0.0/16, 172.20.0.0/16`.

    Raises:
        ValueError: not networks.
    """
    return [ipaddress.ip_network(part.strip()) for part in (text or "").split(",") if part.strip()]


async def resolve(url: str, inside: Sequence[Network]) -> Target:
    """Resolves the name once and checks every address that it has.

    Args:
        url: as registered.
        inside: networks that are not public and are allowed all the same; there http and any port may be used.

    Raises:
        AddressRefusedError: not https on 443 of a public address, nor within `inside`; or the name is unknown.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _REFUSED_FORM from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise _REFUSED_FORM
    found = await _addresses(parts.hostname, port)
    if all(any(address in network for network in inside) for address in found):
        pass
    elif parts.scheme != "https" or port != 443:
        raise AddressRefusedError("NOT_HTTPS", "接收地址须为https，端口443。")
    elif not all(address.is_global and not address.is_multicast for address in found):
        raise AddressRefusedError(
            "ADDRESS_NOT_PUBLIC", "接收地址不能是内部网络地址，请改用公网地址，或联系管理员登记网段。"
        )
    ip = found[0]
    literal = f"[{ip}]" if ip.version == 6 else str(ip)
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    return Target(f"{parts.scheme}://{literal}:{port}{path}{query}", parts.netloc, parts.hostname)


_REFUSED_FORM = AddressRefusedError("URL_INVALID", "接收地址应为https://域名/路径，不含用户名、密码和#。")


async def _addresses(name: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefusedError("NAME_UNKNOWN", "接收地址的域名解析不到，请核对。") from None
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    # ::ffff:10.0.0.1 reaches 10.0.0.1
    return [getattr(address, "ipv4_mapped", None) or address for address in addresses]
