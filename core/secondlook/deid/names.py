"""Names of files, folders and cases without the names of people."""

from pathlib import PurePosixPath

from secondlook.deid.keys import Pseudonyms
from secondlook.intake.sniff import SUFFIXES

ENDINGS = frozenset({*SUFFIXES, ".json", ".csv", ".xml", ".hdr", ".img", ".zip"}) - {".gz"}
PACKED = ".nii.gz"


def plain_source(source: str, pseudonyms: Pseudonyms) -> str:
    """A path with every folder and file under a pseudonym; known endings stay.

    Files that lie in one folder, or that differ in nothing but a known ending, still do.
    """
    path = PurePosixPath(source.replace("\\", "/"))
    folders = path.parts[:-1]
    words = [pseudonyms.word("name", "/".join(folders[: i + 1])) for i in range(len(folders))]
    stem, ending = parted(path.name)
    whole = "/".join((*folders, stem))
    return "/".join((*words, pseudonyms.word("name", whole) + ending))


def plain_case(name: str, pseudonyms: Pseudonyms) -> str:
    """What a manifest calls a case, under a pseudonym."""
    return f"case {pseudonyms.word('case', name)}"


def parted(name: str) -> tuple[str, str]:
    """A file's name and its ending, where that is a known one."""
    lower = name.lower()
    if lower.endswith(PACKED):
        return name[: -len(PACKED)], PACKED
    ending = PurePosixPath(lower).suffix
    return (name[: -len(ending)], ending) if ending in ENDINGS else (name, "")
