"""Releases in the database, and the catalogue that their files make."""

import asyncio
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.datafiles import DataFileError
from eligibility_svc.facts.repository import VOCABULARY_FILE, load_vocabulary
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.measures.repository import CODES_FILE, EDITIONS_FOLDER, base_catalogue, load_catalogue
from eligibility_svc.releases.models import CatalogueReleaseRow

_VOCABULARY, _CODES, _EDITIONS = "vocabulary.yaml", "codes.yaml", "editions/"
_MAX_CONTENT = 16 * 1024 * 1024


def own_files() -> dict[str, str]:
    """The data files of this release by name."""
    files = {_VOCABULARY: VOCABULARY_FILE, _CODES: CODES_FILE}
    files |= {f"{_EDITIONS}{path.name}": path for path in EDITIONS_FOLDER.glob("*.yaml")}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(files.items())}


def packed(files: Mapping[str, str]) -> bytes:
    """Files as a row keeps them."""
    return zlib.compress(json.dumps(dict(files), ensure_ascii=False, sort_keys=True).encode(), 9)


def catalogue_of_files(content: bytes) -> Catalogue:
    """The catalogue of packed files, with the vocabulary of that time.

    Raises:
        DataFileError, ValueError: these files say nothing to this release.
    """
    files = json.loads(zlib.decompressobj().decompress(content, _MAX_CONTENT))
    with TemporaryDirectory(prefix="catalogue-") as name:
        folder = Path(name)
        (folder / _EDITIONS).mkdir()
        for file, text in files.items():
            (
                folder / _EDITIONS / Path(file).name if file.startswith(_EDITIONS) else folder / Path(file).name
            ).write_text(text, encoding="utf-8")
        return load_catalogue(load_vocabulary(folder / _VOCABULARY), folder / _CODES, folder / _EDITIONS)


async def store_release(tx: AsyncSession) -> None:
    """Keeps the files of this release, once."""
    values = {"digest": base_catalogue().version, "content": packed(own_files())}
    await tx.execute(upsert(CatalogueReleaseRow).values(values).on_conflict_do_nothing())


async def load_release(tx: AsyncSession, digest: str) -> Catalogue | None:
    """The catalogue of a release; None when it never answered here, or this release cannot read it any more."""
    content = await tx.scalar(select(CatalogueReleaseRow.content).where(CatalogueReleaseRow.digest == digest))
    if content is None:
        return None
    try:
        found = await asyncio.to_thread(catalogue_of_files, content)
    except (DataFileError, ValueError, zlib.error):
        return None
    return found if found.version == digest else None
