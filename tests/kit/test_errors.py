"""Every error of every service speaks to the person in front of a screen, too."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

from kit.errors import DomainError, FieldError, Kind, NotFoundError, ScopeMissingError, ValidationFailedError
from kit.http.errors import IdempotencyKeyMissingError
from kit.http.problems import example, problem_body

PACKAGES = ("kit", "api_gateway", "targets_svc", "eligibility_svc", "loans_svc")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# No Latin words, no placeholder that nobody filled, no code, nothing that only a programmer has seen.
TECHNICAL = re.compile(r"[A-Za-z_{}%<>|`]|接口|令牌|请求头")


def modules(package: str) -> Iterator[str]:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith((".__main__", ".worker")):
            yield module.name


def classes(root: type[DomainError]) -> Iterator[type[DomainError]]:
    yield root
    for derived in root.__subclasses__():
        yield from classes(derived)


def test_every_error_says_what_happened_and_what_to_do() -> None:
    for package in PACKAGES:
        for name in modules(package):
            importlib.import_module(name)
    found = {error for error in classes(DomainError) if error.__module__.startswith(PACKAGES)}
    assert len(found) > 100
    for error in found:
        shown = example(error)
        message, step = shown["message_zh"], shown["next_step_zh"]
        where = f"{error.__module__}.{error.__name__}"
        assert len(message) <= 40, where
        assert len(step) <= 60, where
        for text in (message, step):
            assert CHINESE.search(text), where
            assert not TECHNICAL.search(text), where


@pytest.mark.parametrize("kind", Kind)
def test_no_kind_is_without_words(kind: Kind) -> None:
    technical = type("TechnicalError", (DomainError,), {"kind": kind, "title": "If-Match", "default_detail": "ETag"})
    assert CHINESE.search(technical().message_zh)
    assert CHINESE.search(technical().next_step_zh)
    assert technical().next_step_zh.endswith("。")


def test_what_is_said_to_programmers_is_not_said_to_people() -> None:
    body = problem_body(IdempotencyKeyMissingError())
    assert "Idempotency-Key" in body["title"]
    assert body["message_zh"] == "提交的内容无法识别"
    assert body["next_step_zh"] == "请返回上一步重新操作；仍不成功请拨打12333。"
    scope = problem_body(ScopeMissingError("这项操作需要权限 loans.loan.read，请联系管理员开通。"))
    assert "loans.loan.read" in scope["detail"]
    assert scope["next_step_zh"] == "请换用有权限的账号，或联系管理员开通。"


def test_plain_words_stand_as_they_are() -> None:
    body = problem_body(NotFoundError("没有这份申请，请核对编号。"))
    assert (body["message_zh"], body["next_step_zh"]) == ("没有找到", "没有这份申请，请核对编号。")


def test_a_long_detail_gives_way_to_a_short_step() -> None:
    error = ValidationFailedError("很" * 61, errors=[FieldError("/a", "A", "甲")])
    assert problem_body(error)["next_step_zh"] == "请按提示修改后重新提交。"
    assert len(problem_body(error)["detail"]) == 61
