"""Reads one file into an accepted attachment, or says why not."""

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from secondlook.cases import Attachment, Record
from secondlook.domain import IntakeFile
from secondlook.intake.names import safe_name
from secondlook.intake.outcome import QuarantinedFile, Reason, Refused, mebibytes
from secondlook.intake.parsed import Parsed
from secondlook.intake.process import ParsingProcess
from secondlook.settings import Limits

CHUNK = 2**20
T = TypeVar("T")


class Reader:
    """Owns the parsing process; use it as a context manager.

    with Reader(settings.limits) as reader:
        outcome = reader.read(path, "folder/photo.png")
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process = ParsingProcess(limits)

    @property
    def limits(self) -> Limits:
        """What one file may cost."""
        return self._limits

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the parsing process."""
        self._process.close()

    def run(self, function: Callable[..., T], path: Path, *rest: Any) -> T | tuple[Reason, str]:
        """What a function says of a file, called in the parsing process under its limits."""
        return self._process.run(function, path, *rest)

    def read(
        self, path: Path, source: str, *, kind: str = "record"
    ) -> IntakeFile | QuarantinedFile:
        """The accepted file, or the reason against it; never an error for what a file holds.

        source: the path as the user knows it. kind: what a document is called in the domain.
        """
        source = safe_name(source)
        try:
            size = _check_size(path, self._limits)
            digest = _digest(path)
        except Refused as refusal:
            return QuarantinedFile(source, refusal.reason, refusal.detail, size=_size(path))
        answer = self._process.parse(path, path.name)
        if not isinstance(answer, Parsed):
            return QuarantinedFile(source, *answer, sha256=digest, size=size)
        return _accept(path, source, kind, digest, size, answer)


def _accept(
    path: Path, source: str, kind: str, digest: str, size: int, parsed: Parsed
) -> IntakeFile:
    name = safe_name(path.name)
    record = None
    if parsed.text is not None:
        record = Record(
            sha256=digest,
            name=name,
            media_type=parsed.media_type,
            kind=kind,
            text=parsed.text,
            passages=parsed.passages,
        )
    attachment = Attachment(
        sha256=digest,
        name=name,
        media_type=parsed.media_type,
        size=size,
        role=parsed.role,
        facts=parsed.facts,
    )
    return IntakeFile(path=path, source=source, attachment=attachment, record=record)


def _check_size(path: Path, limits: Limits) -> int:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(Reason.NOT_FOUND, "There is no such file.") from None
    except (OSError, ValueError) as error:
        raise Refused(Reason.UNREADABLE, _why(error)) from None
    if not stat.S_ISREG(status.st_mode):
        raise Refused(Reason.UNSUPPORTED, "It is a folder, pipe or device; only files are read.")
    if status.st_size == 0:
        raise Refused(Reason.EMPTY, "The file has 0 bytes; copy it again.")
    if status.st_size > limits.max_file_bytes:
        most = mebibytes(limits.max_file_bytes)
        detail = f"The file has {mebibytes(status.st_size)}; limits.max_file_bytes is {most}."
        raise Refused(Reason.TOO_LARGE, detail)
    return status.st_size


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(Reason.UNREADABLE, _why(error)) from None


def _why(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else type(error).__name__
    return f"The file cannot be opened: {reason}."


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return None
