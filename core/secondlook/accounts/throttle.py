"""How long a wrong passphrase makes everybody wait who tries the same account."""

import hashlib
import hmac
from datetime import timedelta

BUCKETS = 4096
"""Names share so many counters, those that exist and others alike: nothing is kept of a name that
somebody mistyped, or of a passphrase that they typed in its place."""
ALL = -1
"""The counter of the whole workspace."""
FREE = 5
"""Wrong ones in a row before the first wait."""
LONGEST = timedelta(minutes=5)
FORGOTTEN = timedelta(hours=1)
"""After so long without another try, counting begins anew."""
WINDOW, MOST = timedelta(minutes=1), 120
"""So many tries in so long are taken from everybody together."""


def bucket(name: str, key: bytes) -> int:
    """Which counter a name has: 12 bits of an HMAC-SHA256."""
    digest = hmac.new(key, b"sign-in:" + name.casefold().encode(errors="replace"), hashlib.sha256)
    return int.from_bytes(digest.digest()[:4]) % BUCKETS


def pause(failures: int) -> timedelta:
    """The wait after so many wrong ones: 5 s, then twice as long each time, 5 minutes at most."""
    if failures < FREE:
        return timedelta()
    return min(timedelta(seconds=5 * 2 ** min(failures - FREE, 10)), LONGEST)
