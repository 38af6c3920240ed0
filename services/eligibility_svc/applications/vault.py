"""What of an application is sealed, and by what an applicant is found again."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from eligibility_svc.applications.domain import Applicant
from kit.crypto.fields import FieldCipher
from kit.crypto.keys import KeyRing
from kit.crypto.lookup import LookupHash

NUMBER, NAME, REASON = "applicant.id_number", "application.name", "rating.reason"


class Vault:
    """The keys of applications."""

    def __init__(self, keys: KeyRing) -> None:
        self.cipher = FieldCipher(keys)
        self.hash = LookupHash(keys)

    def refs(self, applicant: Applicant) -> list[UUID]:
        """The applicant's pseudonym under each held key, the current one first; other services have others."""
        return list(self.hash.person_keys(f"eligibility/{applicant.id_type}", applicant.id_number).values())

    def seal(self, text: str, column: str, row_id: UUID) -> bytes:
        """Seals a text for one place."""
        return self.cipher.encrypt(text, column=column, row_id=row_id)

    def open(self, sealed: bytes, column: str, row_id: UUID) -> str:
        """Opens what was sealed for that place."""
        return self.cipher.decrypt(sealed, column=column, row_id=row_id)

    def seal_content(self, content: Mapping[str, Any], application_id: UUID, position: int) -> bytes:
        """Seals what a step said; what is None is left out."""
        text = json.dumps({key: value for key, value in content.items() if value is not None}, ensure_ascii=False)
        return self.seal(text, _content(position), application_id)

    def open_content(self, sealed: bytes, application_id: UUID, position: int) -> Mapping[str, Any]:
        """Opens what a step said."""
        opened: dict[str, Any] = json.loads(self.open(sealed, _content(position), application_id))
        return opened


def _content(position: int) -> str:
    return f"application_step.content.{position}"
