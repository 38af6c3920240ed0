"""Reads the dated rows from their file; a fault in the file names its key, and the service does not start."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from kit.dates import parse_date
from kit.money import fen_from_yuan
from loans_svc.rules.domain import (
    BorrowerKind,
    CapScope,
    Catalogue,
    DateKey,
    DayCount,
    Evidence,
    FundLimits,
    Mark,
    OverdueMode,
    Parameters,
    Payer,
    PayerScheme,
    PeriodScheme,
    RateBasis,
    RegionClass,
    RepeatRule,
    RewardScheme,
    SubsidyRule,
    TimedStep,
    TimeLimits,
    Tranche,
    Validity,
    parse_share,
)

CATALOGUE_FILE = Path(__file__).with_name("catalogue.yaml")

_RULE_CODE = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
_PERCENT = re.compile(r"-?[0-9]{1,3}\.[0-9]{4}")
_LONGEST_WINDOW_MONTHS = 36  # 郑政〔2018〕31号（七）: at most 3 years

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class CatalogueInvalidError(ValueError):
    """The data file is wrong; the message names the file and the key."""


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice; a date stays text, so that a wrong one is refused with its place."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=deep)
            if key in seen:
                raise CatalogueInvalidError(f"line {key_node.start_mark.line + 1}: {key} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Table:
    """One mapping of the file: hands out its keys once, and knows where it stands."""

    def __init__(self, path: str, content: object, defaults: Mapping[str, Any] | None = None) -> None:
        if not isinstance(content, dict):
            raise CatalogueInvalidError(f"{path}: must be a mapping")
        self.path = path
        self._left = {**(defaults or {}), **content}
        self.evidence: dict[str, Evidence] = {}

    def take(self, key: str, read: Callable[[Any], T]) -> T:
        """A plain value, read by a function that raises ValueError or KeyError on what it does not take."""
        if key not in self._left:
            raise CatalogueInvalidError(f"{self.path}.{key}: is missing")
        try:
            return read(self._left.pop(key))
        except CatalogueInvalidError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise CatalogueInvalidError(f"{self.path}.{key}: {wrong}") from wrong

    def cited(self, key: str, read: Callable[[Any], T]) -> T:
        """A `{value, mark, source}`; its evidence is kept under the key."""
        cell = self.table(key)
        value = cell.take("value", read)
        self.evidence[key] = cell.take_evidence()
        cell.finish()
        return value

    def take_evidence(self) -> Evidence:
        return Evidence(self.take("mark", Mark), self.take("source", _text))

    def table(self, key: str, defaults: Mapping[str, Any] | None = None) -> "_Table":
        return self.take(key, lambda content: _Table(f"{self.path}.{key}", content, defaults))

    def rest(self, defaults: Mapping[str, Any] | None = None) -> Iterator[tuple[str, "_Table"]]:
        """All that is left, key by key, as tables."""
        for key in list(self._left):
            yield key, self.table(key, defaults)

    def has(self, key: str) -> bool:
        return key in self._left

    def optional(self, key: str, read: Callable[[Any], T]) -> T | None:
        return self.take(key, read) if key in self._left else None

    def finish(self) -> None:
        if self._left:
            raise CatalogueInvalidError(f"{self.path}: unknown key {min(map(str, self._left))}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number, not negative")
    return value


def _flag(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("must be true or false")


def _day(value: object) -> date:
    return parse_date(_text(value))


def _ppm(value: str) -> int:
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise ValueError("must be a quoted percentage with four places")
    return int(value.replace(".", ""))


def _amount(value: str) -> int:
    fen = fen_from_yuan(_text(value))
    if fen <= 0:
        raise ValueError("must be positive")
    return fen


def _shares(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of shares")
    return tuple(parse_share(share) for share in value)


def _nullable(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else read(value)


def _validity(path: str, since: date, until: date | None) -> Validity:
    if until is not None and until <= since:
        raise CatalogueInvalidError(f"{path}.valid_to: must be after valid_from")
    return Validity(since, until)


def _cited_validity(row: _Table) -> Validity:
    return _validity(row.path, row.cited("valid_from", _day), row.cited("valid_to", _nullable(_day)))


def _parameters(row: _Table) -> Parameters:
    parameters = Parameters(
        rate_basis=row.cited("rate_basis", RateBasis),
        cap_over_ppm=row.cited("cap_over", _nullable(_ppm)),
        floor_over_ppm=row.cited("floor_over", _nullable(_ppm)),
        shares6=row.cited("shares", _shares),
        window_months=row.cited("window_months", _whole),
        max_loans=row.cited("max_loans", _whole),
        cap_scope=row.cited("cap_scope", CapScope),
        overdue_mode=row.cited("overdue_mode", OverdueMode),
        grace_days=row.cited("grace_days", _whole),
        day_count=row.cited("day_count", DayCount),
        period_scheme=row.cited("period_scheme", PeriodScheme),
    )
    if not 0 < parameters.window_months <= _LONGEST_WINDOW_MONTHS:
        raise CatalogueInvalidError(f"{row.path}.window_months: the notice allows at most {_LONGEST_WINDOW_MONTHS}")
    if 12 * len(parameters.shares6) < parameters.window_months:
        raise CatalogueInvalidError(f"{row.path}.shares: must cover the whole window")
    return parameters


def _amount_caps(row: _Table, key: str, read: Callable[[Any], T]) -> dict[BorrowerKind, T]:
    table = row.table(key)
    caps = {kind: table.cited(kind, read) for kind in BorrowerKind if table.has(kind)}
    table.finish()
    if not caps:
        raise CatalogueInvalidError(f"{table.path}: names no kind of borrower")
    row.evidence |= {f"{key}.{kind}": evidence for kind, evidence in table.evidence.items()}
    return caps


def _rule(code: str, row: _Table) -> SubsidyRule:
    if not _RULE_CODE.fullmatch(code):
        raise CatalogueInvalidError(f"{row.path}: a code is of capital letters, digits and underscores")
    rule = SubsidyRule(
        rule_id=code,
        title=row.take("title", _text),
        document=row.take("document", _text),
        validity=_cited_validity(row),
        keyed_by=row.cited("keyed_by", DateKey),
        amount_caps=_amount_caps(row, "amount_caps", _nullable(_amount)),
        region_class=row.cited("region_class", RegionClass),
        tranche=row.cited("tranche", Tranche),
        allows_local_tranche=row.cited("allows_local_tranche", _flag),
        local_amount_caps=_amount_caps(row, "local_amount_caps", _amount) if row.has("local_amount_caps") else {},
        payer_scheme_id=row.cited("payer_scheme", _nullable(_text)),
        parameters=_parameters(row),
        evidence=row.evidence,
        note=row.optional("note", _text),
    )
    row.finish()
    return rule


def _payer_scheme(code: str, row: _Table) -> PayerScheme:
    weights_table = row.table("weights")
    weights = {payer: weights_table.take(payer, _whole) for payer in Payer if weights_table.has(payer)}
    weights_table.finish()
    if sum(weights.values()) != 100:
        raise CatalogueInvalidError(f"{weights_table.path}: must sum to 100")
    scheme = PayerScheme(
        payer_scheme_id=code,
        title=row.take("title", _text),
        tranche=row.take("tranche", Tranche),
        validity=_validity(row.path, row.take("valid_from", _day), row.take("valid_to", _nullable(_day))),
        weights=weights,
        evidence=row.take_evidence(),
    )
    row.finish()
    return scheme


def _reward_scheme(code: str, row: _Table) -> RewardScheme:
    scheme = RewardScheme(
        code, row.take("title", _text), _cited_validity(row), row.cited("rate", _nullable(_ppm)), row.evidence
    )
    row.finish()
    return scheme


def _fund_limits(code: str, row: _Table) -> FundLimits:
    limits = FundLimits(
        fund_limits_id=code,
        title=row.take("title", _text),
        validity=_cited_validity(row),
        leverage=row.cited("leverage", _whole),
        raised_leverage=row.cited("raised_leverage", _whole),
        repayment_rate_for_raise_ppm=row.cited("repayment_rate_for_raise", _ppm),
        compensation_warn_ppm=row.cited("compensation_warn", _ppm),
        compensation_stop_ppm=row.cited("compensation_stop", _ppm),
        evidence=row.evidence,
    )
    row.finish()
    return limits


def _repeat_rule(code: str, row: _Table) -> RepeatRule:
    rule = RepeatRule(
        repeat_rule_id=code,
        title=row.take("title", _text),
        validity=_cited_validity(row),
        needs_recognised_effect=row.cited("needs_recognised_effect", _flag),
        refuses_overdue_history=row.cited("refuses_overdue_history", _flag),
        evidence=row.evidence,
    )
    row.finish()
    return rule


def _time_limits(code: str, row: _Table) -> TimeLimits:
    validity, title = _cited_validity(row), row.take("title", _text)
    steps = row.table("working_days")
    days = {step: steps.cited(step, _whole) for step in TimedStep if steps.has(step)}
    steps.finish()
    settlement_days = row.cited("settlement_days", _whole)
    row.finish()
    evidence = row.evidence | {f"working_days.{step}": cited for step, cited in steps.evidence.items()}
    return TimeLimits(code, title, validity, days, settlement_days, evidence)


def _check_references(catalogue: Catalogue) -> None:
    for rule in catalogue.rules.values():
        if rule.payer_scheme_id is not None and rule.payer_scheme_id not in catalogue.payer_schemes:
            raise CatalogueInvalidError(f"$.rules.{rule.rule_id}.payer_scheme: is not among payer_schemes")


def read_catalogue(path: Path) -> Catalogue:
    """The rows of a file, each value checked.

    Raises:
        CatalogueInvalidError: naming the file and the key (or line) at fault.
    """
    try:
        # _StrictLoader is a SafeLoader that refuses more
        root = _Table("$", yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader))  # noqa: S506
        defaults = root.take("defaults", dict)
        catalogue = Catalogue(
            rules={code: _rule(code, row) for code, row in root.table("rules").rest(defaults)},
            payer_schemes={code: _payer_scheme(code, row) for code, row in root.table("payer_schemes").rest()},
            reward_schemes={code: _reward_scheme(code, row) for code, row in root.table("reward_schemes").rest()},
            fund_limits={code: _fund_limits(code, row) for code, row in root.table("fund_limits").rest()},
            repeat_rules={code: _repeat_rule(code, row) for code, row in root.table("repeat_rules").rest()},
            time_limits={code: _time_limits(code, row) for code, row in root.table("time_limits").rest()},
        )
        root.finish()
        _check_references(catalogue)
    except (ValueError, TypeError, yaml.YAMLError) as wrong:
        raise CatalogueInvalidError(f"{path.name}: {wrong}") from wrong
    return catalogue


@cache
def catalogue() -> Catalogue:
    """The rows of the product's own file, read once."""
    return read_catalogue(CATALOGUE_FILE)
