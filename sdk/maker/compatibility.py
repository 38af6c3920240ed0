"""Which differences between two OpenAPI documents break a client that was written against the older one (pure).

A client breaks when a call or an answer's member is gone, when an input that was accepted is not any more, when an
answer may be of another type, and when a call needs another scope. Additions are no break: clients tolerate members
that they do not know, and the values of an answer's enumeration are open (reliability design §1.1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
Schema = Mapping[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch")
# Bounds that may only become wider for input: larger is wider, smaller is wider.
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaks(old: Document, new: Document) -> list[str]:
    """What breaks, a sentence each; empty when every client of `old` can go on with `new`."""
    return list(_Comparison(old, new).breaks())


@dataclass
class _Comparison:
    old: Document
    new: Document
    # Pairs of schemas under comparison: a tree of schemas refers to itself.
    _seen: set[tuple[str, str, bool]] = field(default_factory=set)

    def breaks(self) -> Iterator[str]:
        for path, item in self.old["paths"].items():
            for method in _METHODS:
                if method not in item:
                    continue
                call = f"{method.upper()} {path}"
                if method not in self.new["paths"].get(path, {}):
                    yield f"{call}：接口没有了"
                else:
                    yield from (f"{call}：{text}" for text in self._call(item[method], self.new["paths"][path][method]))
        for name in self.old.get("webhooks", {}).keys() - self.new.get("webhooks", {}).keys():
            yield f"webhooks {name}：消息没有了"

    def _call(self, old: Schema, new: Schema) -> Iterator[str]:
        if old["operationId"] != new["operationId"]:
            yield f"operationId 由 {old['operationId']} 改为 {new['operationId']}"
        self._seen.clear()
        yield from self._scopes(old, new)
        yield from self._parameters(old, new)
        yield from self._request(old, new)
        yield from self._answers(old, new)

    @staticmethod
    def _scopes(old: Schema, new: Schema) -> Iterator[str]:
        needs = [{s for scopes in need.values() for s in scopes} for need in new.get("security", [])]
        for need in old.get("security", []) or [{}]:
            held = {s for scopes in need.values() for s in scopes}
            if needs and not any(needed <= held for needed in needs):
                yield f"只有权限 {' '.join(sorted(held)) or '（无）'} 不够了"

    def _parameters(self, old: Schema, new: Schema) -> Iterator[str]:
        before, after = self._named(self.old, old), self._named(self.new, new)
        for key, parameter in before.items():
            if key not in after:
                yield f"参数 {key[1]} 没有了"
            else:
                yield from self._schema(parameter["schema"], after[key]["schema"], f"参数 {key[1]}", is_input=True)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"参数 {key[1]} 变为必填"

    @staticmethod
    def _named(document: Document, call: Schema) -> dict[tuple[str, str], Schema]:
        found = [_resolved(document, parameter) for parameter in call.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in found}

    def _request(self, old: Schema, new: Schema) -> Iterator[str]:
        before, after = (
            _resolved(document, call.get("requestBody", {})) for document, call in ((self.old, old), (self.new, new))
        )
        if after.get("required") and not before.get("required"):
            yield "请求内容变为必填"
        for media_type, content in before.get("content", {}).items():
            if media_type not in after.get("content", {}):
                yield f"不再接受 {media_type}"
            else:
                given = after["content"][media_type]
                yield from self._schema(content.get("schema", {}), given.get("schema", {}), "请求", is_input=True)

    def _answers(self, old: Schema, new: Schema) -> Iterator[str]:
        for status, answer in old["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in new["responses"]:
                yield f"不再应答 {status}"
                continue
            before, after = _resolved(self.old, answer), _resolved(self.new, new["responses"][status])
            for media_type, content in before.get("content", {}).items():
                if media_type not in after.get("content", {}):
                    yield f"应答 {status} 不再是 {media_type}"
                else:
                    given = after["content"][media_type]
                    where = f"应答 {status}"
                    yield from self._schema(content.get("schema", {}), given.get("schema", {}), where, is_input=False)

    def _schema(self, old: Schema, new: Schema, where: str, *, is_input: bool) -> Iterator[str]:
        pair = (str(old.get("$ref", id(old))), str(new.get("$ref", id(new))), is_input)
        if pair in self._seen:
            return
        self._seen.add(pair)
        before, after = _resolved(self.old, old), _resolved(self.new, new)
        yield from self._type(before, after, where, is_input=is_input)
        if is_input:
            yield from _narrowed(before, after, where)
        yield from self._members(before, after, where, is_input=is_input)
        if "items" in before and "items" in after:
            yield from self._schema(before["items"], after["items"], f"{where}[]", is_input=is_input)
        yield from self._alternatives(before, after, where, is_input=is_input)

    def _type(self, old: Schema, new: Schema, where: str, *, is_input: bool) -> Iterator[str]:
        before, after = self._types(self.old, old), self._types(self.new, new)
        if not before and not after:
            return
        kept, given = (before, after) if is_input else (after, before)
        # Input: what was accepted still is. Answer: nothing comes that did not come before. No type is every type.
        if given and not (kept and kept <= given):
            yield f"{where} 的类型由 {_words(before)} 改为 {_words(after)}"

    def _types(self, document: Document, schema: Schema) -> set[str]:
        named = schema.get("type", [])
        found = {named} if isinstance(named, str) else set(named)
        for part in (*schema.get("anyOf", []), *schema.get("oneOf", [])):
            inner = self._types(document, _resolved(document, part))
            if not inner:
                return set()
            found |= inner
        return found | ({"integer"} if "number" in found else set())

    def _members(self, old: Schema, new: Schema, where: str, *, is_input: bool) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, member in before.items():
            if name in after:
                yield from self._schema(member, after[name], f"{where}.{name}", is_input=is_input)
            elif after or new.get("additionalProperties") is False:
                yield f"{where}.{name} 没有了"
        was, now = set(old.get("required", [])), set(new.get("required", []))
        if is_input:
            yield from (f"{where}.{name} 变为必填" for name in sorted(now - was))
        else:
            yield from (f"{where}.{name} 不再总有" for name in sorted((was - now) & after.keys()))

    def _alternatives(self, old: Schema, new: Schema, where: str, *, is_input: bool) -> Iterator[str]:
        """The one alternative that is not null, on both sides; of several those of the same name."""
        before, after = _choices(self.old, old), _choices(self.new, new)
        if len(before) == 1 and len(after) == 1:
            yield from self._schema(before[0], after[0], where, is_input=is_input)
            return
        by_name = {choice["$ref"]: choice for choice in after if "$ref" in choice}
        for choice in before:
            if choice.get("$ref") in by_name:
                yield from self._schema(choice, by_name[choice["$ref"]], where, is_input=is_input)


def _resolved(document: Document, node: Schema) -> Schema:
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _choices(document: Document, schema: Schema) -> list[Schema]:
    parts = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return [part for part in parts if _resolved(document, part).get("type") != "null"]


def _narrowed(old: Schema, new: Schema, where: str) -> Iterator[str]:
    """Values that were accepted and are not any more."""
    if "enum" in new:
        gone = [value for value in old.get("enum", [None]) if value not in new["enum"]]
        if gone:
            yield f"{where} 不再接受 {'、'.join(map(str, gone)) if 'enum' in old else '任意值'}"
    for bound in _UPPER:
        if bound in new and (bound not in old or new[bound] < old[bound]):
            yield f"{where} 的 {bound} 收紧为 {new[bound]}"
    for bound in _LOWER:
        if bound in new and (bound not in old or new[bound] > old[bound]):
            yield f"{where} 的 {bound} 收紧为 {new[bound]}"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{where} 的格式改为 {new['pattern']}"


def _words(types: set[str]) -> str:
    return "、".join(sorted(types)) or "任意"
