"""Published values over the catalogue of the notices: which may be filled in, and what the catalogue then is.

A version of the catalogue is the digest of its files, and `.n` when n values have been published since. Every version
can be made again from the files and the first n values, so that a past check can be replayed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import Catalogue, Citation, DatedValue, Edition, Parameter


@dataclass(frozen=True, slots=True)
class Published:
    """A value that the bureau has published.

    Attributes:
        document: of the reference, e.g. 郑人社〔2018〕99号.
    """

    measure: str
    parameter: str
    from_on: date
    value: Value
    document: str
    clause: str


def is_open(edition: Edition, parameter: str, day: date) -> bool:
    """Whether the notice leaves this figure to implementing rules on a day."""
    known = edition.parameters.get(parameter)
    dated = known.on(day) if known else None
    return dated is not None and dated.value is None


def with_published(files: Catalogue, values: Sequence[Published]) -> Catalogue:
    """The catalogue once these values, in the order of their publication, are filled in."""
    if not values:
        return files
    editions = [_filled(edition, values) for each in files.measures.values() for edition in each]
    labels = {"payers": files.payers, "per": files.per, "costs": files.costs}
    return Catalogue(f"{files.version}.{len(values)}", files.words, files.documents, labels, editions)


def published_count(version: str, files: Catalogue) -> int | None:
    """How many published values a version holds; None when it is of other files, or no version at all."""
    base, _, count = version.partition(".")
    if base != files.version:
        return None
    if not count:
        return 0
    return int(count) if count.isascii() and count.isdigit() and len(count) < 7 and count[0] != "0" else None


def _filled(edition: Edition, values: Sequence[Published]) -> Edition:
    mine = [each for each in values if each.measure == edition.code and is_open(edition, each.parameter, each.from_on)]
    if not mine:
        return edition
    parameters = dict(edition.parameters)
    for each in mine:
        parameters[each.parameter] = _with_value(parameters[each.parameter], each)
    return replace(edition, parameters=parameters)


def _with_value(parameter: Parameter, published: Published) -> Parameter:
    """The value holds until the next one of the notice or of the bureau."""
    others = [dated for dated in parameter.values if dated.from_on != published.from_on]
    dated = DatedValue(published.from_on, published.value, Citation(published.document, published.clause))
    return replace(parameter, values=tuple(sorted([*others, dated], key=lambda each: each.from_on)))
