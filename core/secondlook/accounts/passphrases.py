"""Passphrases: which ones are good enough, and how they are kept (argon2id, RFC 9106)."""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from secondlook.errors import NotSignedIn, UsageError

SHORTEST, LONGEST = 12, 256
AT_ONCE = 2
"""Hashes made at the same time: each takes tens of MiB, and strangers may ask for them."""
BUSY_SECONDS = 5.0
COMMON = frozenset(
    [
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123412341234",
        "123123123123",
        "121212121212",
        "111111111111",
        "000000000000",
        "012345678910",
        "111222333444",
        "112233445566",
        "987654321098",
        "qwertyuiopas",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwerty123456",
        "qwertzuiopue",
        "qwertzuiopas",
        "qwertz123456",
        "1qaz2wsx3edc",
        "1q2w3e4r5t6y",
        "asdfghjklasdf",
        "asdfasdfasdf",
        "abcdefghijkl",
        "abcdefghijklm",
        "abcd12345678",
        "aaaaaaaaaaaa",
        "zxcvbnmasdfg",
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "password2025",
        "password2026",
        "administrator",
        "administrator1",
        "admin1234567",
        "adminadminadmin",
        "letmeinletmein",
        "welcome12345",
        "welcomewelcome",
        "iloveyouiloveyou",
        "secondlook12",
        "secondlooksecond",
        "secondlookdemo",
        "passphrase12",
        "passphrase123",
        "correcthorsebatterystaple",
        "changemechangeme",
        "changeme1234",
        "trustno1trustno1",
    ]
)
"""The commonest of those that are long enough, and the obvious ones for this program."""
WORDS = 5
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Of one-time passphrases, which are read aloud and typed: nothing that looks alike."""
_gate = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Costs:
    """What one hash costs. The settings do not go below what OWASP names."""

    memory_mib: int
    passes: int


def check(passphrase: str, name: str) -> None:
    """Raise UsageError, which says why and never quotes it, for one that is too easily guessed."""
    plain = _plain(passphrase).casefold()
    if len(plain) < SHORTEST:
        raise UsageError(f"A passphrase has at least {SHORTEST} characters: some words do well.")
    if len(plain) > LONGEST:
        raise UsageError(f"A passphrase has at most {LONGEST} characters.")
    if plain in COMMON or len(set(plain)) < 4:
        raise UsageError("This passphrase is among the first that anybody would try.")
    if name.strip() and plain.replace(name.strip().casefold(), "").strip() in ("", "1", "123"):
        raise UsageError("The passphrase must be something else than the name.")


def one_time() -> str:
    """A random passphrase of 98 bits that is to be changed at once."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(WORDS))


def hashed(passphrase: str, costs: Costs) -> str:
    """The text that is stored: argon2id with its parameters and a salt of its own."""
    with _in_turn():
        return _hasher(costs).hash(_plain(passphrase))


def matches(stored: str | None, passphrase: str, costs: Costs) -> bool:
    """Whether it is the one; without a stored one as slow as with one, and False."""
    right, nobodys = True, _nobodys(costs)
    with _in_turn():
        try:
            _hasher(costs).verify(stored or nobodys, _plain(passphrase))
        except (Argon2Error, InvalidHashError):
            right = False
    return right and stored is not None


def outdated(stored: str, costs: Costs) -> bool:
    """Whether it was made with other parameters than are set now."""
    return _hasher(costs).check_needs_rehash(stored)


@contextmanager
def _in_turn() -> Iterator[None]:
    """At most `AT_ONCE`; raises NotSignedIn where the others take too long."""
    if not _gate.acquire(timeout=BUSY_SECONDS):
        raise NotSignedIn("Too many people are signing in at this moment. Try again.")
    try:
        yield
    finally:
        _gate.release()


@lru_cache(maxsize=8)
def _hasher(costs: Costs) -> PasswordHasher:
    return PasswordHasher(
        time_cost=costs.passes, memory_cost=costs.memory_mib * 1024, parallelism=1
    )


@lru_cache(maxsize=8)
def _nobodys(costs: Costs) -> str:
    """What a passphrase is held against where there is no account, so that it takes as long."""
    return _hasher(costs).hash(secrets.token_urlsafe())


def _plain(passphrase: str) -> str:
    """The same characters however the keyboard composed them (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", passphrase)
