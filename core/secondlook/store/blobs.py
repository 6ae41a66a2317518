"""Blobs: files kept by the sha256 of their content, each once, in `aa/bb/<sha256>`."""

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from secondlook.digests import file_sha256
from secondlook.errors import NotFound, StoreError

CHUNK = 1024 * 1024
UNFINISHED = "unfinished"
"""Folder for files that are being written; on the same disk, so that a rename is atomic."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Content-addressed files. A blob is there whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_file(self, path: Path) -> str:
        """Copy a file in; returns the sha256 of what was copied. StoreError, and then no trace."""
        try:
            with path.open("rb") as source:
                return self._put(iter(lambda: source.read(CHUNK), b""))
        except OSError as error:
            raise _refusal(path.name, error) from None

    def put_bytes(self, data: bytes) -> str:
        """Store some bytes; returns their sha256. StoreError, and then no trace."""
        try:
            return self._put((data,))
        except OSError as error:
            raise _refusal(f"{len(data)} bytes", error) from None

    def path(self, sha256: str) -> Path:
        """Where the blob lies. NotFound."""
        path = self._place(sha256)
        if path is None or not path.is_file():
            raise NotFound(f"There is no stored file {sha256[:12]!r}. Ingest its source again.")
        return path

    def verify(self) -> tuple[str, ...]:
        """Read every blob and name, in a sentence each, those whose content is not their name."""
        return tuple(self._problems())

    def _put(self, chunks: Iterable[bytes]) -> str:
        folder = self._root / UNFINISHED
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                digest = _copy(chunks, file.fileno())
            return self._keep(temporary, digest)
        finally:
            temporary.unlink(missing_ok=True)

    def _keep(self, temporary: Path, sha256: str) -> str:
        path = self._root / sha256[:2] / sha256[2:4] / sha256
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(path)
            _sync_folder(path.parent)
        return sha256

    def _place(self, sha256: str) -> Path | None:
        # The name may come from a URL: nothing but a digest becomes part of a path.
        if not _SHA256.fullmatch(sha256):
            return None
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def _problems(self) -> Iterator[str]:
        for path in sorted(self._root.glob("??/??/*")):
            if path != self._place(path.name):
                yield f"{path.relative_to(self._root)} is not where a blob belongs. Remove it."
            elif file_sha256(path) != path.name:
                yield f"{path.relative_to(self._root)} is damaged. Ingest its source again."


def _copy(chunks: Iterable[bytes], file: int) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(file, rest) :]
    os.fsync(file)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make a rename last; Windows neither needs nor allows it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refusal(what: str, error: OSError) -> StoreError:
    ways = {
        errno.ENOSPC: "the disk is full. Nothing was kept; free some space and try again.",
        errno.EDQUOT: "the quota is used up. Nothing was kept; free some space and try again.",
        errno.EACCES: "access is denied. Give this user read and write access.",
        errno.EROFS: "the disk is read-only. Choose another workspace.",
        errno.ENOENT: "it is not there. Check the path.",
    }
    way = ways.get(error.errno or 0, f"the system said {error.strerror!r}. Nothing was kept.")
    return StoreError(f"Tried to store {what}: {way}")
