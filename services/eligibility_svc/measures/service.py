"""Reading the catalogue as it stands on a date."""

from datetime import date

from eligibility_svc.measures.domain import Catalogue, Edition, Family
from eligibility_svc.measures.errors import MeasureNotFoundError


def list_editions(
    catalogue: Catalogue, as_of: date, subject: str | None = None, family: Family | None = None
) -> list[Edition]:
    """The editions in force on a date, in the order of the catalogue."""
    in_force = (catalogue.in_force(code, as_of) for code in catalogue.measures)
    return [
        edition
        for edition in in_force
        if edition is not None
        and (subject is None or subject in edition.terms)
        and (family is None or edition.family is family)
    ]


def find_edition(catalogue: Catalogue, code: str, as_of: date) -> Edition:
    """The edition of a measure in force on a date.

    Raises:
        MeasureNotFoundError: no such measure, or none of its editions is in force on that date.
    """
    edition = catalogue.in_force(code, as_of) if code in catalogue.measures else None
    if edition is None:
        raise MeasureNotFoundError
    return edition
