"""The caller, as the gateway vouches for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Attributes:
    subject: the client id, stable; the actor of every record.
    kind: INTEGRATOR, KIOSK, CITY, STAFF, … (data of the gateway).
    scopes: what it may do, `service.resource.mode`.
    unit: the district whose rows it may see; None for the city and for outsiders.
    bank: the bank whose rows it may see, or None.
    act: the device through which the subject acts, or None (RFC 8693 §4.1).
    """

    subject: str
    kind: str
    scopes: frozenset[str]
    unit: str | None = None
    bank: str | None = None
    act: str | None = None
