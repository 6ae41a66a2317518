"""The attachments of FHIR resources: base64 of text, HTML or PDF, counted before it is unpacked."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from io import BytesIO

from secondlook.intake.charset import decode
from secondlook.intake.html import read_html
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.sniff import HEAD, Format, sniff_bytes
from secondlook.settings import Limits

MOST = 200
"""Attachments of one file that are looked at."""


class Attachments:
    """Reads attachments; what they unpack to counts together.

    Attributes:
        read: how many gave a text.
        unread: how many did not: another format, damaged, or elsewhere (a URL is never followed).
    """

    def __init__(self, resources: Iterable[Mapping[str, object]], limits: Limits) -> None:
        """`resources` are all that came in the file: attachments may lie in a Binary of it."""
        self._limits = limits
        self._binaries = {
            f"{mark}{x['id']}": x
            for x in resources
            if x.get("resourceType") == "Binary" and isinstance(x.get("id"), str)
            for mark in ("#", "Binary/")
        }
        self._bytes = 0
        self.read = 0
        self.unread = 0

    def text(self, attachment: Mapping[str, object]) -> str:
        """The text of one attachment, empty where it has none that is read here.

        Raises Refused(UNPACKS_TOO_LARGE) where all together are more than the limits allow.
        """
        data = attachment.get("data") or self._binaries.get(str(attachment.get("url", "")), {}).get(
            "data"
        )
        content = self._unpacked(data) if isinstance(data, str) else None
        text = self._text(content).strip() if content else ""
        if text:
            self.read += 1
        elif attachment:
            self.unread += 1
        return text

    def _unpacked(self, data: str) -> bytes | None:
        self._bytes += len(data) * 3 // 4
        most = self._limits.max_unpacked_bytes
        if self._bytes > most or self.read + self.unread >= MOST:
            detail = f"More than {MOST} attachments, or more than {mebibytes(most)} of them."
            raise Refused(Reason.UNPACKS_TOO_LARGE, detail)
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            return None

    def _text(self, content: bytes) -> str:
        """By what the bytes are: the stated media type is a claim."""
        try:
            found = sniff_bytes(content[:HEAD], "attachment")
            if found is Format.PDF:
                from secondlook.intake.pdf import read_pdf

                return read_pdf(BytesIO(content), self._limits).text
            if found in (Format.TEXT, Format.HTML):
                text = decode(content)[0]
                return read_html(text).text if found is Format.HTML else text
        except Refused as refusal:
            if refusal.reason in (Reason.TOO_LARGE, Reason.UNPACKS_TOO_LARGE):
                raise
        return ""
