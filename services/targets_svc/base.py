"""The tables of schema `targets`."""

from sqlalchemy.orm import DeclarativeBase

from kit.db.base import schema_metadata
from kit.webhooks.tables import webhook_tables

metadata = schema_metadata("targets")
webhook_tables(metadata)


class Base(DeclarativeBase):
    """Base of every model of this service."""

    metadata = metadata
