"""ZIP files counted before anything in them is believed."""

import zipfile
from pathlib import Path

from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.settings import Limits

MAX_ENTRIES = 10_000
MAX_DIRECTORY = 2 * 2**20  # bytes of the list of entries
CHUNK = 2**20
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
END_MARK = b"PK\x05\x06"


def check_archive(path: Path, limits: Limits) -> frozenset[str]:
    """Unpack every entry into nothing, counting. Returns the names of the entries.

    Sizes in the archive are claims of whoever made it, so none of them is used.
    """
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES:
                raise _too_large(f"{len(entries):,} entries, more than {MAX_ENTRIES:,}")
            _count(archive, entries, limits)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        detail = f"The archive cannot be unpacked ({type(error).__name__}); save it again."
        raise Refused(Reason.DAMAGED, detail) from None
    return frozenset(entry.filename for entry in entries)


def _check_directory(path: Path) -> None:
    """The list of entries is read as a whole by any reader, so its length comes first."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 2**16 - 22))
        tail = file.read()
    at = tail.rfind(END_MARK)
    if at < 0:
        detail = "The archive has no end; copy the file again."
        raise Refused(Reason.TRUNCATED, detail)
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory > MAX_DIRECTORY:
        raise _too_large(f"a list of entries of {mebibytes(directory)}")


def _count(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked = 0
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise Refused(Reason.ENCRYPTED, "The archive is encrypted; save it without a password.")
        if entry.compress_type not in METHODS:
            detail = f"Compression method {entry.compress_type} is not read; save the file again."
            raise Refused(Reason.UNSUPPORTED, detail)
        with archive.open(entry) as stream:
            while chunk := stream.read(CHUNK):
                unpacked += len(chunk)
                if unpacked > limits.max_unpacked_bytes:
                    limit = mebibytes(limits.max_unpacked_bytes)
                    raise _too_large(f"more than limits.max_unpacked_bytes, {limit}")


def _too_large(what: str) -> Refused:
    return Refused(Reason.UNPACKS_TOO_LARGE, f"The archive unpacks to {what}.")
