"""The tables of schema `eligibility`."""

from sqlalchemy.orm import DeclarativeBase

from kit.db.base import schema_metadata

metadata = schema_metadata("eligibility")


class Base(DeclarativeBase):
    """Base of every model of this service."""

    metadata = metadata
