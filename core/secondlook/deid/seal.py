"""Encryption of the way back to patients: AES-256-GCM, bound to the case that it is of."""

import base64
import binascii
import os

from secondlook.errors import StoreError

KEY_BYTES = 32
NONCE_BYTES = 12


class Seal:
    """Seals and opens with one key. Needs `cryptography`, which is imported when it is used."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)

    def seal(self, case_id: str, content: bytes) -> str:
        """The content as text that only the key opens, and only for this case."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(
            nonce + self._cipher.encrypt(nonce, content, case_id.encode())
        ).decode()

    def open(self, case_id: str, sealed: str) -> bytes:
        """The content. StoreError for another key, another case, or text that was changed."""
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], case_id.encode())
        except (InvalidTag, binascii.Error, ValueError):
            raise StoreError(
                f"Tried to open the link of case {case_id[:12]} to its patient: it was sealed with "
                "another key, or it was changed. Put keys/patients.key back from its copy."
            ) from None
