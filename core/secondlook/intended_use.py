"""What a domain is meant for, in words that every reviewer acknowledges before its first use."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class IntendedUse:
    """The intended-use text of a domain. Another version, or another text, is asked for again."""

    version: str
    text: str
    """Paragraphs, parted by empty lines; plain text."""

    def id(self, domain: str) -> str:
        """Hex sha256 over the domain's name, the version and the text: what is acknowledged."""
        fields = json.dumps([domain, self.version, self.text], ensure_ascii=False)
        return hashlib.sha256(fields.encode()).hexdigest()

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text part by part, each without line breaks."""
        return tuple(" ".join(x.split()) for x in self.text.split("\n\n") if x.strip())


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """A reviewer's word that they have read one version of an intended-use text."""

    id: str
    domain: str
    version: str
    text: str
    reviewer: str
    at: datetime
