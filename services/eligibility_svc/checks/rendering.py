"""An answer as bytes. What has been written for the same date and facts is not written again."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial

from pydantic_core import to_json

from eligibility_svc.checks.decision import REMEMBERED, Decider
from eligibility_svc.checks.domain import Answer, Reason
from eligibility_svc.checks.schemas import wire_parts, wire_reason
from eligibility_svc.checks.service import decider_of
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import Catalogue

_REASONS = 16_384
_FRAMES = 4_096
_Written = Callable[[date, tuple[Value | None, ...], tuple[str, ...]], bytes]


class Renderer:
    """Checks against one catalogue, as `wire` would write them."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._frames: dict[Hashable, tuple[bytes, bytes]] = {}
        self._reasons: dict[int, tuple[Reason, bytes]] = {}
        self._written: dict[str, dict[str, _Written]] = {
            subject: {code: lru_cache(REMEMBERED)(partial(self._result, subject, code)) for code in claims}
            for subject, claims in decider.claims.items()
        }

    def check(
        self, subject: str, facts: Mapping[str, Value], as_of: date, measures: Sequence[str] | None = None
    ) -> bytes:
        """`CheckRead` as JSON. The arguments are those of `Decider.check`."""
        written = self._written[subject]
        results = [
            written[answer.measure](as_of, values, answer.overlaps)
            for _, values, answer in self._decider.find(subject, facts, as_of, measures)
        ]
        head = f'{{"as_of":"{as_of.isoformat()}","catalogue_version":"{self._decider.catalogue.version}","results":['
        return head.encode() + b",".join(results) + b"]}"

    def _result(
        self, subject: str, code: str, as_of: date, values: tuple[Value | None, ...], overlaps: tuple[str, ...]
    ) -> bytes:
        answer = self._decider.claims[subject][code].answer(as_of, values)
        head, tail = self._frame(subject, as_of, answer, overlaps)
        return head + b",".join([self._reason(reason) for reason in answer.reasons]) + tail

    def _frame(self, subject: str, as_of: date, answer: Answer, overlaps: tuple[str, ...]) -> tuple[bytes, bytes]:
        """What stands around the reasons: the same for everybody who is refused, or gets the same."""
        given = (answer.outcome, answer.benefit, answer.quota, answer.missing_facts, answer.eligible_on)
        key = (subject, answer.measure, as_of, overlaps, given)
        known = self._frames.get(key)
        if known is not None:
            return known
        if len(self._frames) >= _FRAMES:
            self._frames.clear()
        marked = answer._replace(overlaps=overlaps)
        head, tail = wire_parts(marked, self._decider.catalogue, self._decider.vocabulary)
        frame = self._frames[key] = to_json(head)[:-1] + b',"reasons":[', b"]," + to_json(tail)[1:]
        return frame

    def _reason(self, reason: Reason) -> bytes:
        """A decider gives the same reason again and again; one that is kept here cannot be mistaken for another."""
        known = self._reasons.get(id(reason))
        if known is not None and known[0] is reason:
            return known[1]
        if len(self._reasons) >= _REASONS:
            self._reasons.clear()
        written = to_json(wire_reason(reason))
        self._reasons[id(reason)] = (reason, written)
        return written


@lru_cache(maxsize=8)
def renderer_of(known: Catalogue) -> Renderer:
    """The renderer of one version of the catalogue, made once."""
    return Renderer(decider_of(known))
