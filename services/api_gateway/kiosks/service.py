"""From a code to a key, from a key to a token, from a device to a person's session."""

from collections.abc import Mapping
from typing import Any

from api_gateway.administration.service import code_hash
from api_gateway.identity.directory import Device, Directory
from api_gateway.identity.domain import Role
from api_gateway.identity.errors import DeviceDisabledError
from api_gateway.identity.proof import WINDOW_SECONDS, Proof, ProofInvalidError, thumbprint
from api_gateway.identity.schemas import TokenRead
from api_gateway.identity.service import DEVICE, SESSION, Identity
from api_gateway.kiosks.configuration import kiosk_configuration
from api_gateway.kiosks.errors import DeviceRequiredError, EnrolmentCodeError, NoSessionError
from api_gateway.kiosks.sessions import KioskSessions
from api_gateway.store import repository
from kit.audit.service import Statements, audit
from kit.auth.principal import Principal
from kit.clock import now
from kit.ids import new_id

TOKEN_SECONDS = 300


class Kiosks:
    """Args:
    roles: by kind; a device holds those of KIOSK_DEVICE, a person at it those of KIOSK.
    """

    def __init__(
        self, directory: Directory, roles: Mapping[str, Role], identity: Identity, sessions: KioskSessions
    ) -> None:
        self._directory = directory
        self._roles = roles
        self._identity = identity
        self._sessions = sessions

    def key_of(self, proof: Proof | None) -> str:
        """The key that a new kiosk proves; the code that comes with it is good once.

        Raises:
            ProofInvalidError.
        """
        return self._identity.proved(proof).public_key

    async def device(self, proof: Proof | None) -> tuple[Principal, str]:
        """The device that proves its key, and the key.

        Raises:
            ProofInvalidError, DeviceDisabledError.
        """
        devices = {d.public_key: d for d in self._directory.now.devices.values() if d.public_key}
        found = self._identity.proved(proof, is_known=devices.__contains__)
        if not await self._sessions.is_first(f"{found.public_key}.{found.proof_id}", 4 * WINDOW_SECONDS):
            raise ProofInvalidError
        device = devices[found.public_key]
        if device.state != "ACTIVE":
            raise DeviceDisabledError
        principal = Principal(f"{DEVICE}:{device.id}", "KIOSK_DEVICE", self._roles["KIOSK_DEVICE"].scopes, device.unit)
        return principal, found.public_key

    def token_for(self, device: Principal, public_key: str) -> TokenRead:
        """Five minutes for a device."""
        return self._identity.token_for(device, lifetime_seconds=TOKEN_SECONDS, public_key=public_key)

    def begin_session(self, principal: Principal) -> tuple[str, TokenRead]:
        """A person's session at the device that asks.

        Raises:
            DeviceRequiredError: it is no device that asks.
        """
        device = self._device(principal)
        session = str(new_id())
        person = Principal(
            f"{SESSION}:{session}", "KIOSK", self._roles["KIOSK"].scopes, device.unit, act=principal.subject
        )
        seconds = kiosk_configuration().session_seconds
        return session, self._identity.token_for(person, lifetime_seconds=seconds, public_key=device.public_key)

    async def end_session(self, principal: Principal) -> None:
        """Raises:
        NoSessionError: the token is no person's at a kiosk.
        """
        space, _, session = principal.subject.partition(":")
        if space != SESSION:
            raise NoSessionError
        await self._sessions.end(session)

    def _device(self, principal: Principal) -> Device:
        space, _, name = principal.subject.partition(":")
        device = self._directory.now.devices.get(name) if space == DEVICE else None
        if device is None:
            raise DeviceRequiredError
        return device


async def enrol(tx: Statements, code: str, public_key: str) -> dict[str, Any]:
    """The key of a new kiosk; it waits for approval.

    Raises:
        EnrolmentCodeError: no such code, or it is used or too old.
    """
    await repository.begin_change(tx)
    row, at = await repository.find_device_by_code(tx, code_hash(code)), now()
    if row is None or row["state"] != "NEW" or row["code_expires_at"] <= at:
        raise EnrolmentCodeError
    await repository.change_device(
        tx, row, at=at, state="ENROLLED", public_key=public_key, code_hash=None, code_expires_at=None
    )
    fingerprint = thumbprint(public_key)
    device = Principal(f"{DEVICE}:{row['id']}", "KIOSK_DEVICE", frozenset())
    await audit(tx, device, "device.enrol", f"device:{row['id']}", {"fingerprint": fingerprint})
    return {"device_id": row["id"], "state": "ENROLLED", "fingerprint": fingerprint}
