"""The tables, for migrations; `repository.py` reads and writes them with plain SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api_gateway.base import Base

_INSTANT = DateTime(timezone=True)
_ID = String(64)


class RegistryRow(Base):
    """One row: each change of what requests depend on counts it up, and every gateway process looks for that."""

    __tablename__ = "registry"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)


class ClientRow(Base):
    """One that may ask for tokens. `origin` FILE follows the clients file until an admin touches it."""

    __tablename__ = "client"
    __table_args__ = (CheckConstraint("origin IN ('FILE', 'ADMIN')", name="origin_known"),)

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(32))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    unit: Mapped[str | None] = mapped_column(_ID)
    bank: Mapped[str | None] = mapped_column(_ID)
    origin: Mapped[str] = mapped_column(String(8))
    is_disabled: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    created_by: Mapped[str] = mapped_column(String(128))
    updated_at: Mapped[datetime] = mapped_column(_INSTANT)


class ClientKeyRow(Base):
    """A secret's argon2id hash, or a public key. Two places: old and new overlap while a client changes over."""

    __tablename__ = "client_key"
    __table_args__ = (
        CheckConstraint("slot IN (1, 2)", name="two_at_most"),
        CheckConstraint("(secret_hash IS NULL) <> (public_key IS NULL)", name="one_proof"),
    )

    client_id: Mapped[str] = mapped_column(_ID, ForeignKey("gateway.client.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    secret_hash: Mapped[str | None] = mapped_column(Text)
    public_key: Mapped[str | None] = mapped_column(_ID)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    created_by: Mapped[str] = mapped_column(String(128))


class SubjectEpochRow(Base):
    """Tokens of the subject that were issued until this second count no more."""

    __tablename__ = "subject_epoch"

    subject: Mapped[str] = mapped_column(String(128), primary_key=True)
    revoked_until: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[datetime] = mapped_column(_INSTANT)
    revoked_by: Mapped[str] = mapped_column(String(128))


class RevokedTokenRow(Base):
    """One token, by its `jti`; forgotten when it would have expired anyway."""

    __tablename__ = "revoked_token"

    token_id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(_INSTANT)
    revoked_at: Mapped[datetime] = mapped_column(_INSTANT)
    revoked_by: Mapped[str] = mapped_column(String(128))


class DeviceRow(Base):
    """A kiosk. NEW waits for its key, ENROLLED for an admin's approval; who registered it does not approve it."""

    __tablename__ = "device"
    __table_args__ = (
        CheckConstraint("state IN ('NEW', 'ENROLLED', 'ACTIVE', 'DISABLED')", name="state_known"),
        CheckConstraint("approved_by <> created_by", name="four_eyes"),
        CheckConstraint("state <> 'ACTIVE' OR (public_key IS NOT NULL AND approved_by IS NOT NULL)", name="approved"),
        CheckConstraint("(code_hash IS NULL) = (code_expires_at IS NULL)", name="code_expires"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str | None] = mapped_column(_ID)
    state: Mapped[str] = mapped_column(String(16))
    public_key: Mapped[str | None] = mapped_column(String(64))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_expires_at: Mapped[datetime | None] = mapped_column(_INSTANT)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(_INSTANT)
    created_by: Mapped[str] = mapped_column(String(128))
    approved_by: Mapped[str | None] = mapped_column(String(128))
    updated_at: Mapped[datetime] = mapped_column(_INSTANT)
