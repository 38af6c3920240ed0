"""Clients and their roles: what a clients file may say (pure)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ROW_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_REQUIRED = {"name", "secret_hash", "kind", "scopes"}
_OPTIONAL = {"unit", "bank"}


@dataclass(frozen=True, slots=True)
class Role:
    """What a kind of client may do.

    Attributes:
        title: Chinese, for people.
        scopes: the most that a client of this kind can hold.
        rows_of: `unit` or `bank` when a client of this kind sees the rows of one and must name it.
    """

    title: str
    scopes: frozenset[str]
    rows_of: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """One that may ask for tokens.

    Attributes:
        secret_hashes: argon2id in PHC form, by slot (1, 2): two keys overlap while a client changes over.
        unit, bank: whose rows it may see.
        is_disabled: nothing is accepted of it.
        public_keys: `x` of the Ed25519 keys with which it may sign instead, in slots that hold no secret.
    """

    id: str
    name: str
    kind: str
    scopes: frozenset[str]
    secret_hashes: Mapping[int, str] = field(repr=False)
    unit: str | None = None
    bank: str | None = None
    is_disabled: bool = False
    public_keys: frozenset[str] = frozenset()


_SECOND = "jy2-"


def secret_slot(secret: str) -> int:
    """Which of a client's two places a secret belongs to; it says so itself, so that one hash is computed for it."""
    return 2 if secret.startswith(_SECOND) else 1


def secret_for(slot: int, random: str) -> str:
    """A secret for a slot.

    Args:
        random: at least 128 bits of it, URL-safe.
    """
    return _SECOND + random if slot == 2 else random.removeprefix(_SECOND)


def read_roles(content: Mapping[str, Any]) -> dict[str, Role]:
    """The roles of `roles.yaml` by kind.

    Raises:
        ValueError: an entry is not of the form `{title, scopes, rows_of?}`.
    """
    roles = {}
    for kind, entry in content.items():
        if not set(entry) <= {"title", "scopes", "rows_of"} or entry.get("rows_of") not in (None, "unit", "bank"):
            raise ValueError(f"role {kind}: expected title, scopes and perhaps rows_of: unit or bank")
        roles[kind] = Role(entry["title"], frozenset(entry["scopes"]), entry.get("rows_of"))
    return roles


def client_faults(client_id: str, entry: Any, roles: Mapping[str, Role]) -> Iterator[str]:
    """What is wrong with one entry of the clients file; never quotes a secret."""
    if not _CLIENT_ID.fullmatch(client_id):
        yield "the client id must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or digit"
    if not isinstance(entry, dict):
        yield "must be an object"
        return
    for missing in sorted(_REQUIRED - set(entry)):
        yield f"{missing} is missing"
    for unknown in sorted(set(entry) - _REQUIRED - _OPTIONAL):
        yield f"{unknown} is not a field of a client"
    for text in ("name", "secret_hash", "kind"):
        if text in entry and not (isinstance(entry[text], str) and entry[text]):
            yield f"{text} must be a text"
    for row_key in sorted(_OPTIONAL):
        value = entry.get(row_key)
        if value is not None and not (isinstance(value, str) and _ROW_KEY.fullmatch(value)):
            yield f"{row_key} must be a code or null"
    yield from _role_faults(entry, roles)


def _role_faults(entry: dict[str, Any], roles: Mapping[str, Role]) -> Iterator[str]:
    scopes = entry.get("scopes")
    if scopes is not None and not (isinstance(scopes, list) and all(isinstance(s, str) for s in scopes)):
        yield "scopes must be a list of texts"
        scopes = None
    role = roles.get(str(entry.get("kind")))
    if role is None:
        if "kind" in entry:
            yield f"kind must be one of {', '.join(roles)}"
        return
    for scope in scopes or []:
        if scope not in role.scopes:
            yield f"scope {scope} is not one that its kind may hold"
    if role.rows_of is not None and not entry.get(role.rows_of):
        yield f"a client of this kind sees the rows of one {role.rows_of} and must name it"


def client_of(client_id: str, entry: Mapping[str, Any]) -> Client:
    """The client of an entry without faults."""
    return Client(
        id=client_id,
        name=entry["name"],
        kind=entry["kind"],
        scopes=frozenset(entry["scopes"]),
        secret_hashes=MappingProxyType({1: entry["secret_hash"]}),
        unit=entry.get("unit"),
        bank=entry.get("bank"),
    )
