"""The arithmetic of the audit chain: what is hashed, what is signed.

Event n of a chain holds sha256 over the hash of event n-1 and its own fields; the head holds the
last hash under HMAC-SHA256 with a key outside the database. The number of chains that cases have
is signed as well; of every product the workspace's chain tells. Events name digests of the
assessments, decisions and descriptions of products that they are about.

So whoever can write to the database but lacks the key cannot change, remove or add an event, an
assessment, a decision, a description of a product, a whole product or a whole case without
`verify` finding it, with one exception: signed heads and counts that were valid once are valid
again when they are put back together with the rows of that time. That is found by verifying
against heads that were exported in between and kept elsewhere. Outside the trail, and so not verified, are the rows of cases, attachments, records,
leases, drafts, users, their roles and sessions, adapters and runs, and files.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from secondlook.cases import Scalar
from secondlook.errors import BadValue

WORKSPACE = "workspace"
"""The chain of everything that is not about one case or one product."""
COUNT = "cases"
"""In the table of heads: no chain, but how many chains of cases were begun (as `seq`)."""
GENESIS = "0" * 64
"""What the first event of a chain follows."""
ACCOUNTS = "accounts"
"""The chain of who may do what, and who came and went; the workspace's chain tells of it."""
PRODUCT = "product:"
"""What the names of products' chains begin with; all other chains but these are of cases."""
BEGINNINGS = ("case.opened", "workspace.opened", "product.described", "accounts.opened")
"""The actions a chain may begin with; another first event means that the real one is gone."""


def of_case(chain: str) -> bool:
    """Whether a chain, or the place of a problem, is that of a case."""
    return chain not in (WORKSPACE, ACCOUNTS, COUNT) and not chain.startswith(PRODUCT)


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical(body: Mapping[str, Scalar]) -> str:
    """The one JSON text of a body: sorted keys, no spaces. BadValue for what JSON cannot hold."""
    try:
        return _encode(dict(body))
    except (TypeError, ValueError):
        kinds = {key: type(value).__name__ for key, value in body.items()}
        raise BadValue(
            f"Tried to audit {kinds}: an audit body holds finite numbers, text, booleans and None."
        ) from None


def moment(at: datetime) -> str:
    """The one text of a time: UTC, ISO 8601, microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def event_hash(
    previous: str, chain: str, seq: int, at: str, actor: str, action: str, body: str
) -> str:
    """Hex sha256 of an event; `at` is its `moment` and `body` its canonical text."""
    fields = _encode([previous, chain, seq, at, actor, action, body])
    return hashlib.sha256(fields.encode()).hexdigest()


def sign(key: bytes, chain: str, seq: int, digest: str) -> str:
    """Hex HMAC-SHA256 of a head."""
    return hmac.new(key, _encode([chain, seq, digest]).encode(), hashlib.sha256).hexdigest()


def signed(key: bytes, chain: str, seq: int, digest: str, signature: str) -> bool:
    """Whether the signature of a head was made with `key`; False for values of any other type."""
    try:
        return hmac.compare_digest(sign(key, chain, seq, digest), signature)
    except (TypeError, ValueError):  # SQLite keeps a value of any type in any column
        return False
