"""Digests that tell files, and sets of them, apart."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def names_sha256(names: Iterable[str]) -> str:
    """Hex sha256 over these names in whatever order they come."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
