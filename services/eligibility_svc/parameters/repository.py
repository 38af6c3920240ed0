"""Published values in the database, and the catalogue of this process that follows them."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.measures.repository import base_catalogue, catalogue, read_value, use_catalogue
from eligibility_svc.parameters.domain import Published, published_count, with_published
from eligibility_svc.parameters.errors import VersionUnknownError
from eligibility_svc.parameters.models import ParameterValueRow
from eligibility_svc.releases.repository import load_release
from kit.db.engine import Database
from kit.errors import FieldError

# Publications get their numbers one after the other, and become visible in that order.
_ONE_AFTER_THE_OTHER = text("SELECT pg_advisory_xact_lock(hashtextextended('eligibility.parameter_value', 0))")
_KEPT_VERSIONS = 8
_KEPT_RELEASES = 4


class Following:
    """What this process knows of the publications; an older version of its own files needs no database."""

    def __init__(self) -> None:
        self.values: tuple[Published, ...] = ()
        self._releases: OrderedDict[str, Catalogue] = OrderedDict()
        self._made: OrderedDict[str, Catalogue] = OrderedDict()

    def at(self, version: str) -> Catalogue | None:
        """The catalogue of a version; None when this process cannot make it from what it knows."""
        digest, _, _ = version.partition(".")
        files = base_catalogue() if digest == base_catalogue().version else self._releases.get(digest)
        count = published_count(version, files) if files is not None else None
        return None if files is None or count is None or count > len(self.values) else self._of(files, count)

    def take_in(self, release: Catalogue) -> None:
        """Another release's catalogue, without publications."""
        self._releases[release.version] = release
        while len(self._releases) > _KEPT_RELEASES:
            self._releases.popitem(last=False)

    def extend(self, values: Sequence[Published]) -> None:
        """Takes later publications in; from now on the service answers by them."""
        self.values = (*self.values, *values)
        use_catalogue(self._of(base_catalogue(), len(self.values)))

    def forget(self) -> None:
        """Back to the files alone."""
        self.values = ()
        self._releases.clear()
        self._made.clear()
        use_catalogue(base_catalogue())

    def _of(self, files: Catalogue, count: int) -> Catalogue:
        version = f"{files.version}.{count}"
        if version not in self._made:
            self._made[version] = with_published(files, self.values[:count])
            while len(self._made) > _KEPT_VERSIONS:
                self._made.popitem(last=False)
        return self._made[version]


following = Following()


async def version_of_catalogue(database: Database, version: str | None) -> Catalogue:
    """The catalogue of a version; the one in use for None. Only another release's is looked up in the database.

    Raises:
        VersionUnknownError: it never answered here, or is not published yet.
    """
    if version is None:
        return catalogue()
    known = following.at(version)
    if known is None:
        async with database.transaction() as tx:
            known = await find_catalogue(tx, version)
    if known is None:
        raise VersionUnknownError(
            errors=[
                FieldError("/catalogue_version", "VERSION_UNKNOWN", "没有这个版本的目录，请核对或不填以按现行版本查询")
            ]
        )
    return known


async def find_catalogue(tx: AsyncSession, version: str) -> Catalogue | None:
    """The catalogue of a version, of this release or of an earlier one; None when it never answered here."""
    known = following.at(version)
    if known is None and (release := await load_release(tx, version.partition(".")[0])) is not None:
        following.take_in(release)
        known = following.at(version)
    return known


async def catch_up(tx: AsyncSession) -> None:
    """Reads what was published since; cheap when nothing was."""
    rows = await tx.scalars(
        select(ParameterValueRow)
        .where(ParameterValueRow.sequence > len(following.values))
        .order_by(ParameterValueRow.sequence)
    )
    if values := [_published(row) for row in rows]:
        following.extend(values)


async def lock_publications(tx: AsyncSession) -> int:
    """Waits for its turn to publish; the answer is the number of the last publication."""
    await tx.execute(_ONE_AFTER_THE_OTHER)
    return await tx.scalar(select(func.coalesce(func.max(ParameterValueRow.sequence), 0))) or 0


async def load_value(tx: AsyncSession, measure: str, value_id: UUID) -> ParameterValueRow | None:
    """A value of a measure; `lock_publications` comes before it, and row policies hide what is published from locks."""
    query = select(ParameterValueRow).where(
        ParameterValueRow.measure == measure, ParameterValueRow.value_id == value_id
    )
    return (await tx.scalars(query)).one_or_none()


async def published_value(tx: AsyncSession, measure: str, parameter: str, from_on: date) -> UUID | None:
    """The value of this parameter from this day on that stands; the latest one where it was corrected."""
    query = select(ParameterValueRow.value_id).where(
        ParameterValueRow.measure == measure,
        ParameterValueRow.parameter == parameter,
        ParameterValueRow.from_on == from_on,
        ParameterValueRow.sequence.is_not(None),
    )
    return await tx.scalar(query.order_by(ParameterValueRow.sequence.desc()).limit(1))


async def list_values(tx: AsyncSession, measure: str) -> list[ParameterValueRow]:
    """Everything proposed and published for a measure, in the order of proposal."""
    query = select(ParameterValueRow).where(ParameterValueRow.measure == measure).order_by(ParameterValueRow.value_id)
    return list(await tx.scalars(query))


def _published(row: ParameterValueRow) -> Published:
    (kind,) = {each.parameters[row.parameter].type for each in base_catalogue().measures[row.measure]
               if row.parameter in each.parameters}  # fmt: skip
    value = read_value(kind, row.value)
    return Published(row.measure, row.parameter, row.from_on, value, row.document, row.clause)
