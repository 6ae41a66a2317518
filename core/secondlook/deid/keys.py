"""Pseudonyms under the workspace's key: the same for the same input, and for nobody without it."""

import hmac
from datetime import timedelta
from uuid import UUID

LABEL = b"secondlook: pseudonyms, 1"
STANDARD = "1.2.840.10008."
"""Root of the UIDs that DICOM itself gives: classes, syntaxes, coding schemes."""
DAYS = 3650
DAY_SECONDS = 24 * 3600


class Pseudonyms:
    """Maps identifiers. It may be sent to another process; its `repr` shows no key."""

    def __init__(self, audit_key: bytes) -> None:
        self._key = hmac.digest(audit_key, LABEL, "sha256")

    def uid(self, uid: str) -> str:
        """A UID for a UID, below 2.25; those of the standard stay."""
        if uid.startswith(STANDARD):
            return uid
        return f"2.25.{UUID(bytes=self._digest('uid', uid)[:16], version=5).int}"

    def patient(self, number: str) -> str:
        """A number for a patient's number."""
        return f"SL-{self.word('patient', number)}"

    def word(self, kind: str, text: str, digits: int = 12) -> str:
        """Hexadecimal digits for a text; the same text of another kind has others."""
        return self._digest(kind, text).hex()[:digits]

    def offset(self, patient: str) -> timedelta:
        """How far back a patient's dates go: between a day and ten years, and part of a day."""
        number = int.from_bytes(self._digest("offset", patient), "big")
        days, rest = number % DAYS, number // DAYS
        return -timedelta(days=1 + days, seconds=rest % DAY_SECONDS)

    def _digest(self, kind: str, text: str) -> bytes:
        message = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256")
