"""An answer as bytes. What has been written for the same day and facts is not written again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from pydantic_core import to_json

from eligibility_svc.checks.decision import REMEMBERED, Claim, Decider, Teller, Values, overlapping
from eligibility_svc.checks.domain import Answer, Outcome
from eligibility_svc.checks.schemas import wire_parts, wire_reason
from eligibility_svc.checks.service import decider_of
from eligibility_svc.facts.domain import FactType
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import Catalogue

_DAYS = 8
_FRAMES = 256
_READINGS = 1024


class _Result(NamedTuple):
    """A measure written out.

    Attributes:
        gap: where in the text the codes of overlapping measures go.
        costs: what it pays for; nothing where it is refused.
    """

    text: bytes
    gap: int
    costs: frozenset[str]


_Entry = tuple[str, Callable[[Mapping[str, Value | None]], Values], Callable[[Values], _Result]]
"""A measure: its code, what it reads, and what that comes to."""


_Reading = tuple[bool | None, bytes, bytes]
"""What values come to, the facts written out, and the end of the reason, with the day on which it will be met."""


class _Frame(NamedTuple):
    """All of a result but its reasons: the same for everybody who is refused, or gets the same."""

    head: bytes
    middle: bytes
    tail: bytes
    costs: frozenset[str]


class Renderer:
    """Checks against one catalogue, as `wire` would write them."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._lines: dict[Teller, _Line] = {}
        self._readings = lru_cache(_READINGS)(_nothing_yet)
        self._measures = lru_cache(_DAYS)(self._measures_on)

    def check(
        self, subject: str, facts: Mapping[str, Value], as_of: date, measures: Sequence[str] | None = None
    ) -> bytes:
        """`CheckRead` as JSON. The arguments are those of `Decider.check`."""
        head, _ = self._measures(subject, as_of)
        texts = self.results(subject, facts, as_of, measures)
        # The whole is copied once: it is some 45 kB.
        texts[0] = head + texts[0]
        texts[-1] += b"]}"
        return b",".join(texts)

    def results(
        self, subject: str, facts: Mapping[str, Value], as_of: date, measures: Sequence[str] | None = None
    ) -> list[bytes]:
        """Each `ResultRead` of a check as JSON."""
        _, all_measures = self._measures(subject, as_of)
        asked = all_measures if measures is None else [each for each in all_measures if each[0] in set(measures)]
        whole = self._decider.whole(subject, facts)
        texts: list[bytes] = []
        standing: dict[str, tuple[int, _Result]] = {}
        for code, read, written in asked:
            result = written(read(whole))
            if result.costs:
                standing[code] = len(texts), result
            texts.append(result.text)
        costs = {code: result.costs for code, (_, result) in standing.items()}
        for code, others in overlapping(costs).items():
            position, (text, gap, _) = standing[code]
            texts[position] = text[:gap] + to_json(others)[1:-1] + text[gap:]
        return texts

    def _measures_on(self, subject: str, as_of: date) -> tuple[bytes, list[_Entry]]:
        """What stands before the results of a day, and each measure of the subject."""
        version = self._decider.catalogue.version
        head = to_json({"as_of": as_of, "catalogue_version": version})[:-1] + b',"results":['
        return head, [
            (code, claim.read, _Measure(self._decider, subject, claim, as_of, self._line).written)
            for code, claim in self._decider.claims[subject].items()
        ]

    def _line(self, teller: Teller, as_of: date) -> "_Line":
        if not teller.is_dated and teller in self._lines:
            return self._lines[teller]
        line = _Line(teller, as_of, self._readings(as_of, teller.said))
        if not teller.is_dated:
            self._lines[teller] = line
        return line


class _Measure:
    """One measure of a subject on one day.

    Attributes:
        written: the result for values of the facts that it reads. Who has given a day is rarely seen twice; of others
            most results are remembered.
    """

    def __init__(
        self,
        decider: Decider,
        subject: str,
        claim: Claim,
        as_of: date,
        line: Callable[[Teller, date], "_Line"],
    ) -> None:
        self._decider = decider
        self._claim = claim
        self._as_of = as_of
        self._frames: dict[tuple[tuple[bool | None, ...], Values], _Frame] = {}
        self._phase = claim.phase(as_of)
        if self._phase is not None:
            self._lines = [line(teller, as_of) for teller in self._phase.tellers]
            self._beside = lru_cache(_FRAMES)(self._phase.beside)
        facts = decider.vocabulary.of(subject)
        has_days = any(facts[name].type is FactType.DATE for name in claim.facts)
        self.written = self._written if has_days else lru_cache(REMEMBERED)(self._written)

    def _written(self, values: Values) -> _Result:
        if self._phase is None:
            answer = self._claim.answer(self._as_of, values)
            return _whole(self._framed(answer), [to_json(wire_reason(reason)) for reason in answer.reasons])
        said = [line.known.get(read := line.pick(values)) or line.say(read) for line in self._lines]
        truths = tuple([met for met, _ in said[: len(self._phase.plan.runs)]])
        key = truths, self._beside(truths)(values)
        frame = self._frames.get(key)
        if frame is None:
            if len(self._frames) >= _FRAMES:
                self._frames.clear()
            frame = self._frames[key] = self._framed(self._claim.answer(self._as_of, values))
        return _whole(frame, [text for _, text in said])

    def _framed(self, answer: Answer) -> _Frame:
        parts = wire_parts(answer, self._decider.catalogue, self._decider.vocabulary)
        head, middle, tail = (to_json(part) for part in parts)
        stands = self._phase is not None and answer.outcome is not Outcome.NOT_ELIGIBLE
        costs = self._phase.plan.costs if self._phase is not None and stands else frozenset[str]()
        return _Frame(head[:-1] + b',"reasons":[', b"]," + middle[1:-1] + b',"overlaps":[', b"]," + tail[1:], costs)


def _nothing_yet(as_of: date, said: object) -> dict[Values, _Reading]:
    """What the criteria of several measures that ask the same on a day share."""
    return {}


class _Line:
    """One criterion on one day, and the reasons that it gave.

    Attributes:
        known: by the values that it read: what it came to, and the reason written out.
    """

    def __init__(self, teller: Teller, as_of: date, readings: dict[Values, _Reading]) -> None:
        self.pick = teller.pick
        self._readings = readings
        self.known: dict[Values, tuple[bool | None, bytes]] = {}
        self._teller = teller
        self._as_of = as_of
        self._run = teller.run_on(as_of)
        self._forms: dict[bool | None, tuple[bytes, bytes]] = {}

    def say(self, values: Values) -> tuple[bool | None, bytes]:
        """What such values come to."""
        readings = self._readings
        reading = readings.get(values)
        if reading is None:
            if len(readings) >= REMEMBERED:
                readings.clear()
            reading = readings[values] = self._read(values)
        met, facts, end = reading
        form = self._forms.get(met)
        if form is None:
            before, _, after = to_json(wire_reason(self._teller.reason(met, {}))).partition(b'"facts":{}')
            form = self._forms[met] = before + b'"facts":', after[:-1]
        text = b"".join((form[0], facts, form[1], end))
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        self.known[values] = met, text
        return met, text

    def _read(self, values: Values) -> _Reading:
        facts = self._teller.named(values)
        met = self._run(facts)
        met_on = self._teller.met_on(self._as_of, facts) if met is False else None
        end = b"}" if met_on is None else b',"met_on":' + to_json(met_on) + b"}"
        return met, to_json(self._teller.shown(facts)), end


def _whole(frame: _Frame, reasons: Sequence[bytes]) -> _Result:
    text = b"".join((frame.head, b",".join(reasons), frame.middle, frame.tail))
    return _Result(text, len(text) - len(frame.tail), frame.costs)


@lru_cache(maxsize=8)
def renderer_of(known: Catalogue) -> Renderer:
    """The renderer of one version of the catalogue, made once."""
    return Renderer(decider_of(known))
