"""Merges OpenAPI 3.1 documents into one (pure)."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from api_gateway.documents.errors import DocumentConflictError

Document = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_COMPONENTS = "#/components/"


def merge(
    base: Document, services: Mapping[str, Document], is_forwarded: Callable[[str], bool], shared: Mapping[str, str]
) -> Document:
    """One document of everything that can be called through the gateway.

    Components that are the same everywhere stand once; those that differ get the service's name in front, in every
    service that has them. Security schemes of one name are one scheme with the scopes of all.

    Args:
        base: the gateway's own document; its names stay as they are.
        services: their documents by service name.
        is_forwarded: whether the gateway forwards a path; others are left out.
        shared: status → component of `base` under `responses`, which the gateway itself may answer on every path.

    Raises:
        DocumentConflictError: an operation id, a path or a webhook belongs to two documents; the detail names them.
    """
    merged = deepcopy(base)
    parts = {name: _without_schemes(document) for name, document in services.items()}
    differing = _differing_components({"": _without_schemes(base), **parts})
    for name, document in parts.items():
        renamed = _renamed(document, {key: _prefixed(name, key) for key in differing if key in _keys(document)})
        _add_components(merged, renamed)
        _add_paths(merged, renamed, name, is_forwarded, shared)
        _add_webhooks(merged, renamed, name)
        _add_tags(merged, renamed)
        _add_schemes(merged, services[name])
    _check_operation_ids(merged)
    return merged


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of each call."""
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]


Key = tuple[str, str]  # section and name of a component


def _without_schemes(document: Document) -> Document:
    components = {k: v for k, v in document.get("components", {}).items() if k != "securitySchemes"}
    return document | {"components": components}


def _keys(document: Document) -> set[Key]:
    return {(section, name) for section, entries in document["components"].items() for name in entries}


def _differing_components(documents: Mapping[str, Document]) -> set[Key]:
    """Components of one name whose contents differ, or who refer to such a one."""
    contents: dict[Key, list[Any]] = {}
    for document in documents.values():
        for section, name in _keys(document):
            contents.setdefault((section, name), []).append(document["components"][section][name])
    shared = {key: entries for key, entries in contents.items() if len(entries) > 1}
    differing = {key for key, entries in shared.items() if any(entry != entries[0] for entry in entries)}
    while True:
        pulled = {key for key in shared.keys() - differing if _references(shared[key][0]) & differing}
        if not pulled:
            return differing
        differing |= pulled


def _references(node: Any) -> set[Key]:
    if isinstance(node, dict):
        found = set().union(*(_references(value) for value in node.values()))
        targets = [node.get("$ref"), *_mapping(node).values()]
        return found | {key for target in targets if (key := _key(target)) is not None}
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


def _mapping(node: dict[str, Any]) -> dict[str, Any]:
    discriminator = node.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    return mapping if isinstance(mapping, dict) else {}


def _key(reference: Any) -> Key | None:
    if not isinstance(reference, str) or not reference.startswith(_COMPONENTS):
        return None
    section, _, name = reference.removeprefix(_COMPONENTS).partition("/")
    return section, name


def _prefixed(service: str, key: Key) -> str:
    return service.capitalize() + key[1]


def _renamed(document: Document, names: Mapping[Key, str]) -> Document:
    """A copy in which these components have other names."""

    def follow(node: Any) -> Any:
        if isinstance(node, list):
            return [follow(value) for value in node]
        if not isinstance(node, dict):
            return node
        copy = {key: follow(value) for key, value in node.items()}
        if "$ref" in copy:
            copy["$ref"] = _redirected(copy["$ref"])
        for value, target in _mapping(copy).items():
            copy["discriminator"]["mapping"][value] = _redirected(target)
        return copy

    def _redirected(reference: Any) -> Any:
        key = _key(reference)
        return f"{_COMPONENTS}{key[0]}/{names[key]}" if key in names and key is not None else reference

    copy: Document = follow(document)
    for section, entries in copy["components"].items():
        renamed = {names.get((section, name), name): entry for name, entry in entries.items()}
        if len(renamed) != len(entries):
            doubled = "、".join(sorted(set(names.values()) & set(entries)))
            raise DocumentConflictError(f"组件 {section}/{doubled} 与改名后的另一个组件重名，请联系开发单位改名。")
        copy["components"][section] = renamed
    return copy


def _add_components(merged: Document, document: Document) -> None:
    for section, entries in document["components"].items():
        target = merged.setdefault("components", {}).setdefault(section, {})
        for name, entry in entries.items():
            if target.setdefault(name, entry) != entry:
                raise DocumentConflictError(f"两个服务都有组件 {section}/{name}，内容不同，请联系开发单位改名。")


def _add_paths(
    merged: Document,
    document: Document,
    service: str,
    is_forwarded: Callable[[str], bool],
    shared: Mapping[str, str],
) -> None:
    paths = merged.setdefault("paths", {})
    for path, item in document.get("paths", {}).items():
        if not is_forwarded(path):
            continue
        if path in paths:
            raise DocumentConflictError(f"地址 {path} 在 {service} 和另一个服务中都有，请联系开发单位。")
        paths[path] = item
        for method in _METHODS:
            for status, component in shared.items():
                if method in item:
                    answers = item[method].setdefault("responses", {})
                    answers.setdefault(status, {"$ref": f"{_COMPONENTS}responses/{component}"})


def _add_webhooks(merged: Document, document: Document, service: str) -> None:
    for name, item in document.get("webhooks", {}).items():
        if merged.setdefault("webhooks", {}).setdefault(name, item) is not item:
            raise DocumentConflictError(f"消息 {name} 在 {service} 和另一个服务中都有，请联系开发单位。")


def _add_tags(merged: Document, document: Document) -> None:
    tags = merged.setdefault("tags", [])
    known = {tag["name"] for tag in tags}
    tags.extend(tag for tag in document.get("tags", []) if tag["name"] not in known)


def _add_schemes(merged: Document, document: Document) -> None:
    target = merged.setdefault("components", {}).setdefault("securitySchemes", {})
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        known = target.setdefault(name, deepcopy(scheme))
        for flow, details in scheme.get("flows", {}).items():
            scopes = known["flows"].setdefault(flow, deepcopy(details)).setdefault("scopes", {})
            scopes |= details.get("scopes", {})
            known["flows"][flow]["scopes"] = dict(sorted(scopes.items()))


def _check_operation_ids(merged: Document) -> None:
    seen: dict[str, str] = {}
    for method, path, operation in operations(merged):
        here = f"{method.upper()} {path}"
        operation_id = operation.get("operationId")
        if operation_id is None:
            raise DocumentConflictError(f"{here} 没有operationId，请联系开发单位。")
        if operation_id in seen:
            raise DocumentConflictError(
                f"operationId {operation_id} 同时属于 {seen[operation_id]} 和 {here}，请联系开发单位改名。"
            )
        seen[operation_id] = here
