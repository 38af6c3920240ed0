"""The table of releases; a row is found by what is in it, and never changed."""

from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from eligibility_svc.base import Base


class CatalogueReleaseRow(Base):
    """The data files of one release.

    Attributes:
        digest: of their content, the version of the catalogue without publications.
        content: the files by name, JSON, deflated.
    """

    __tablename__ = "catalogue_release"

    digest: Mapped[str] = mapped_column(String(16), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    stored_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
