"""What a case is never to be parted from (a patient, a lot), as a digest under the workspace's key.

A plain digest of a patient's number can be computed by whoever knows the numbers; this one cannot.
The key is derived from the audit key, so it lies outside the database and goes with a copy of it.
The stored word is `manifest:` or `dicom:`, for who named the group, and 32 hexadecimal digits.
"""

import hashlib
import hmac
import re
from enum import StrEnum
from typing import Any

from sqlalchemy import Text, bindparam, cast, select, update
from sqlalchemy.orm import Session

from secondlook.cases import GROUP, Facts, Scalar
from secondlook.store.case_tables import CaseRow

LABEL = b"secondlook: groups of cases, 1"
LENGTH = 32
PLAIN = re.compile(r"[0-9a-f]{16}")
"""What earlier versions stored: the beginning of a plain sha256 of the name."""
PAGE = 1000


class NamedBy(StrEnum):
    """Who said what a case belongs with."""

    MANIFEST = "manifest"
    DICOM = "dicom"


class GroupNames:
    """Turns names of groups into what is stored of them."""

    def __init__(self, audit_key: bytes) -> None:
        self._key = hmac.digest(audit_key, LABEL, "sha256")

    def of(self, name: str, by: NamedBy) -> str:
        """What is stored of a group; the digits are the same whoever names it."""
        plain = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{by}:{self._digest(plain)}"

    def keyed(self, stored: Scalar) -> Scalar:
        """The same group under the key, where it was stored without; anything else as it is."""
        if not is_plain(stored):
            return stored
        return f"{NamedBy.MANIFEST}:{self._digest(str(stored))}"

    def _digest(self, plain: str) -> str:
        # Of the plain digest and not of the name: so what was stored without a key can be keyed.
        return hmac.new(self._key, plain.encode(), hashlib.sha256).hexdigest()[:LENGTH]


def is_plain(stored: Scalar) -> bool:
    """Whether it was stored by a version that had no key for groups."""
    return isinstance(stored, str) and PLAIN.fullmatch(stored) is not None


def bare(stored: Scalar) -> str:
    """The group itself, whoever named it."""
    return str(stored).rpartition(":")[2]


def grouped(facts: Facts) -> str | None:
    """The group of a case with these facts, as its column holds it."""
    stored = facts.get(GROUP)
    return None if stored is None else bare(stored)


def parted(standing: Facts, new: Facts) -> bool:
    """Whether new files are of another patient than the files of the case they would join."""
    before, now = standing.get(GROUP), new.get(GROUP)
    return _by_file(before) and _by_file(now) and before != now


def takes(standing: Facts, new: Facts) -> bool:
    """Whether a case takes in a group.

    It does where it has none; and a manifest wins over a file, and over a digest without a key.
    """
    before, now = standing.get(GROUP), new.get(GROUP)
    if now is None or before is None:
        return now is not None
    return not _by_file(now) and (_by_file(before) or is_plain(before))


def rekey(session: Session, names: GroupNames) -> int:
    """Put every group under the key that is stored without it; returns how many cases had such."""
    last, changed = "", 0
    holds = cast(CaseRow.facts, Text).contains(f'"{GROUP}"')
    query = select(CaseRow.id, CaseRow.facts).where(holds).order_by(CaseRow.id).limit(PAGE)
    while page := session.execute(query.where(CaseRow.id > last)).all():
        old = [(id, facts) for id, facts in page if is_plain(facts.get(GROUP))]
        _store(session, [(id, {**facts, GROUP: names.keyed(facts[GROUP])}) for id, facts in old])
        changed += len(old)
        last = page[-1].id
    return changed


def _store(session: Session, known: list[tuple[str, dict[str, Any]]]) -> None:
    if known:
        row = update(CaseRow.__table__).where(CaseRow.__table__.c.id == bindparam("of"))  # type: ignore[arg-type]
        rows = [{"of": id, "known": facts, "bare": grouped(facts)} for id, facts in known]
        renewed = row.values(facts=bindparam("known"), grouped=bindparam("bare"))
        session.connection().execute(renewed, rows)


def _by_file(stored: Scalar) -> bool:
    return isinstance(stored, str) and stored.startswith(f"{NamedBy.DICOM}:")
