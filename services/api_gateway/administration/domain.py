"""What may be asked of the administration (pure)."""

from collections.abc import Collection, Iterator, Mapping

from api_gateway.identity.domain import Role
from kit.errors import FieldError


def client_faults(
    kind: str, scopes: Collection[str], unit: str | None, bank: str | None, roles: Mapping[str, Role]
) -> Iterator[FieldError]:
    """What is wrong with a client as an admin describes it."""
    role = roles.get(kind)
    if role is None:
        yield FieldError("/kind", "UNKNOWN_KIND", "没有这种角色，请从角色列表中选择")
        return
    for position, scope in enumerate(scopes):
        if scope not in role.scopes:
            yield FieldError(f"/scopes/{position}", "SCOPE_NOT_OF_KIND", "这种角色不能拥有该权限，请查看角色列表")
    if role.rows_of == "unit" and not unit:
        yield FieldError("/unit", "REQUIRED", "这种角色只能查看一个单位的数据，请填写单位代码")
    if role.rows_of == "bank" and not bank:
        yield FieldError("/bank", "REQUIRED", "这种角色只能查看一家银行的数据，请填写银行代码")


def free_slot(taken: Collection[int]) -> int | None:
    """Where a new key goes; None when both places are taken."""
    return next((slot for slot in (1, 2) if slot not in taken), None)
