"""What runs inside of the parsing process. Nothing here is called in the parent."""

import logging
import os
import signal
import sys
import threading
import warnings
from dataclasses import replace
from importlib import import_module
from multiprocessing import parent_process
from pathlib import Path

from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.parsed import Parsed
from secondlook.intake.sniff import Format, misnamed, sniff
from secondlook.settings import Limits

PARSERS = (
    "photo",
    "dicom",
    "volume",
    "pdf",
    "word",
    "html",
    "markdown",
    "fhir",
    "fhir_people",
    "documents",
)
Answer = Parsed | tuple[Reason, str]


def start(limits: Limits) -> None:
    """Make the process ready: quiet, single-threaded, warm, limited, and gone with its parent."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread would reserve address space
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a decoder stuck in C runs no Python handler
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _silence()
    for name in PARSERS:
        import_module(f"secondlook.intake.{name}")
    for name in ("pydicom.pixels.decoders", "secondlook.deid.cleaning"):
        import_module(name)
    _limit(limits.parse_memory_bytes)


def started() -> None:
    """Answers as soon as the process is ready."""


def parse_file(path: Path, name: str, limits: Limits) -> Answer:
    """Parse one file. Every way of failing is an answer, and none of them quotes the file."""
    try:
        return _parse(path, name, limits)
    except Refused as refusal:
        return refusal.reason, refusal.detail
    except MemoryError:
        detail = "Parsing took more memory than limits.parse_memory_bytes allows."
        return Reason.OUT_OF_MEMORY, detail
    except OSError as error:
        return Reason.UNREADABLE, f"The file cannot be read ({type(error).__name__})."
    except Exception as error:  # noqa: BLE001 - parsers of damaged files raise nearly anything
        detail = f"The content cannot be parsed ({type(error).__name__}); export the file again."
        return Reason.DAMAGED, detail


def _parse(path: Path, name: str, limits: Limits) -> Parsed:
    found = sniff(path, name)
    parsed = _read(path, found, limits)
    other = misnamed(name, found)
    return replace(parsed, facts={**parsed.facts, "named_as": other}) if other else parsed


def _read(path: Path, found: Format, limits: Limits) -> Parsed:
    from secondlook.intake import dicom, documents, photo, volume

    if found in photo.PILLOW:
        return photo.read_photo(path, found, limits)
    if found is Format.DICOM:
        return dicom.read_dicom(path, limits)
    if found is Format.NIFTI:
        return volume.read_volume(path, limits)
    return documents.read_document(path, found, limits)


def _leave_with_parent() -> None:
    """A parent that was killed cannot stop this process."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _silence() -> None:
    """Parsers and C libraries print remarks, some with content; standard output is the caller's."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _limit(extra: int) -> None:
    """Limit address space, and write neither files nor core dumps, where the platform can."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    space = pages * resource.getpagesize() + extra
    for kind, most in (
        (resource.RLIMIT_AS, space),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        capped = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (capped, capped))
