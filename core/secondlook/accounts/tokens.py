"""Tokens: random words that open something, of which only a digest is ever stored."""

import hashlib
import secrets

BITS = 256


def new() -> str:
    """A token of 256 random bits, for an address or a cookie."""
    return secrets.token_urlsafe(BITS // 8)


def digest(token: str) -> str:
    """What is stored of a token: hex sha256. Its 256 random bits need neither salt nor stretching."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
