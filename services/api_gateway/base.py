"""Metadata of the schema `gateway`: for migrations alone, the process itself does without SQLAlchemy."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from kit.audit.tables import audit_tables
from kit.db.base import naming_convention

metadata = MetaData(schema="gateway", naming_convention=naming_convention)
audit_tables(metadata)


class Base(DeclarativeBase):
    """Of the gateway's tables."""

    metadata = metadata
