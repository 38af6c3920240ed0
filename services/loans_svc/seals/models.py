"""Seals: a chain of digests for each bank and district, and for each thousand lines what they were."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from loans_svc.base import Base


class SealRow(Base):
    """A link of the chain: the lines of a batch that were written at one time.

    Attributes:
        serial: 1, 2, … within bank and district.
        previous: digest of the link before; 32 zero bytes for the first.
        digest: SHA-256 over the link before, batch, numbers and blocks.
    """

    __tablename__ = "subsidy_seal"
    __table_args__ = (Index("uq_subsidy_seal_lines", "batch_id", "first_number", unique=True),)

    bank: Mapped[str] = mapped_column(String(64), primary_key=True)
    unit: Mapped[str] = mapped_column(String(8), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    batch_id: Mapped[UUID] = mapped_column(Uuid)
    first_number: Mapped[int] = mapped_column(Integer)
    last_number: Mapped[int] = mapped_column(Integer)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class SealBlockRow(Base):
    """Up to a thousand lines of a batch.

    Attributes:
        digest: SHA-256 over the digests of the lines.
        marks: the first 8 bytes of each line's digest, by which the first wrong line is named.
        before: by payer scheme the fen of the batch's earlier blocks, from which a line's payers are told.
    """

    __tablename__ = "subsidy_seal_block"

    batch_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    first_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_number: Mapped[int] = mapped_column(Integer)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    marks: Mapped[bytes] = mapped_column(LargeBinary)
    before: Mapped[dict[str, int]] = mapped_column(JSONB)
