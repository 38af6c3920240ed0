"""Merging OpenAPI documents: nothing lost, nothing confused, conflicts told by name."""

from copy import deepcopy
from typing import Any

import pytest

from api_gateway.documents.domain import merge, operations
from api_gateway.documents.errors import DocumentConflictError
from tests.contracts.validity import assert_valid

SHARED = {"502": "BadUpstream"}


def document(service: str, schemas: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A service with one call that answers with the schema `Thing`."""
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    call = {
        "operationId": f"list_{service}",
        "security": [{"OAuth2": [f"{service}.thing.read"]}],
        "responses": {"200": {"description": "ok", "content": answer}},
    }
    flows = {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {f"{service}.thing.read": "读"}}}
    built = {
        "openapi": "3.1.0",
        "info": {"title": service, "version": "1"},
        "paths": {f"/api/v1/{service}/things": {"get": call}},
        "components": {"schemas": schemas, "securitySchemes": {"OAuth2": {"type": "oauth2", "flows": flows}}},
    }
    return built | changes


def base() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "gateway", "version": "1"},
        "paths": {"/healthz": {"get": {"operationId": "get_health", "responses": {"200": {"description": "ok"}}}}},
        "components": {
            "schemas": {"Problem": {"type": "object"}},
            "responses": {"BadUpstream": {"description": "502"}},
        },
    }


def merged(*documents: dict[str, Any]) -> dict[str, Any]:
    by_name = {d["info"]["title"]: d for d in documents}
    result = merge(base(), by_name, lambda path: path.startswith("/api/v1/"), SHARED)
    assert_valid(result)
    return result


def answer_of(result: dict[str, Any], service: str) -> str:
    call = result["paths"][f"/api/v1/{service}/things"]["get"]
    reference: str = call["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    return reference.rsplit("/", 1)[1]


def test_equal_components_stand_once() -> None:
    thing = {"type": "object", "properties": {"p": {"$ref": "#/components/schemas/Problem"}}}
    schemas = {"Thing": thing, "Problem": {"type": "object"}}
    result = merged(document("targets", schemas), document("loans", deepcopy(schemas)))
    assert set(result["components"]["schemas"]) == {"Problem", "Thing"}
    assert answer_of(result, "targets") == answer_of(result, "loans") == "Thing"


def test_different_components_of_one_name_are_told_apart() -> None:
    result = merged(
        document("targets", {"Thing": {"type": "string"}}), document("loans", {"Thing": {"type": "integer"}})
    )
    assert result["components"]["schemas"]["TargetsThing"] == {"type": "string"}
    assert result["components"]["schemas"]["LoansThing"] == {"type": "integer"}
    assert answer_of(result, "targets") == "TargetsThing"
    assert answer_of(result, "loans") == "LoansThing"


def test_equal_components_that_refer_to_different_ones_are_different() -> None:
    thing = {"oneOf": [{"$ref": "#/components/schemas/Part"}], "discriminator": {"propertyName": "k"}}
    thing["discriminator"] |= {"mapping": {"a": "#/components/schemas/Part"}}
    outer = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
    one = {"Thing": thing, "Outer": outer, "Part": {"type": "string"}}
    other = deepcopy(one) | {"Part": {"type": "integer"}}
    result = merged(document("targets", one), document("loans", other))
    schemas = result["components"]["schemas"]
    assert set(schemas) == {"Problem"} | {f"{s}{n}" for s in ("Targets", "Loans") for n in ("Thing", "Outer", "Part")}
    assert schemas["LoansOuter"]["items"] == {"$ref": "#/components/schemas/LoansThing"}
    assert schemas["LoansThing"]["discriminator"]["mapping"] == {"a": "#/components/schemas/LoansPart"}
    assert schemas["LoansThing"]["oneOf"] == [{"$ref": "#/components/schemas/LoansPart"}]


def test_the_gateways_own_names_stay() -> None:
    result = merged(document("targets", {"Thing": {}, "Problem": {"type": "string"}}))
    assert result["components"]["schemas"]["Problem"] == {"type": "object"}
    assert result["components"]["schemas"]["TargetsProblem"] == {"type": "string"}


def test_a_name_that_looks_prefixed_already_is_a_conflict_and_not_lost() -> None:
    documents = (
        document("targets", {"Thing": {"type": "string"}, "TargetsThing": {"type": "boolean"}}),
        document("loans", {"Thing": {"type": "integer"}}),
    )
    with pytest.raises(DocumentConflictError, match="DOCUMENT_CONFLICT") as refused:
        merged(*documents)
    assert "TargetsThing" in refused.value.detail


def test_scopes_of_all_services_are_one_scheme() -> None:
    result = merged(document("targets", {"Thing": {}}), document("loans", {"Thing": {}}))
    scheme = result["components"]["securitySchemes"]["OAuth2"]
    assert list(scheme["flows"]["clientCredentials"]["scopes"]) == ["loans.thing.read", "targets.thing.read"]


def test_every_forwarded_call_tells_what_the_gateway_may_answer() -> None:
    own = document("targets", {"Thing": {}})
    result = merged(own)
    call = result["paths"]["/api/v1/targets/things"]["get"]
    assert call["responses"]["502"] == {"$ref": "#/components/responses/BadUpstream"}
    assert "502" not in result["paths"]["/healthz"]["get"]["responses"]
    assert "502" not in own["paths"]["/api/v1/targets/things"]["get"]["responses"], "its own document is not changed"


def test_calls_that_are_not_forwarded_are_left_out() -> None:
    service = document("targets", {"Thing": {}})
    service["paths"]["/internal/v1/events"] = service["paths"]["/api/v1/targets/things"]
    assert [path for _, path, _ in operations(merged(service))] == ["/healthz", "/api/v1/targets/things"]


def test_an_operation_id_of_two_calls_is_told_with_both() -> None:
    loans = document("loans", {"Thing": {}})
    loans["paths"]["/api/v1/loans/things"]["get"]["operationId"] = "list_targets"
    with pytest.raises(DocumentConflictError) as refused:
        merged(document("targets", {"Thing": {}}), loans)
    for part in ("list_targets", "GET /api/v1/targets/things", "GET /api/v1/loans/things"):
        assert part in refused.value.detail


def test_a_path_of_two_services_and_a_call_without_id_are_refused() -> None:
    twice = document("loans", {"Thing": {}}, paths=document("targets", {})["paths"])
    with pytest.raises(DocumentConflictError, match="DOCUMENT_CONFLICT"):
        merged(document("targets", {"Thing": {}}), twice)
    nameless = document("targets", {"Thing": {}})
    del nameless["paths"]["/api/v1/targets/things"]["get"]["operationId"]
    with pytest.raises(DocumentConflictError, match="DOCUMENT_CONFLICT"):
        merged(nameless)


def test_tags_are_joined() -> None:
    tags = [{"name": "a"}, {"name": "b"}]
    result = merged(document("targets", {"Thing": {}}, tags=tags), document("loans", {"Thing": {}}, tags=tags[:1]))
    assert result["tags"] == tags
