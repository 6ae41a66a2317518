"""Reading files so that nothing of who they are of comes in: cleaned first, then read.

A file that cannot be cleaned is put aside with the reason; it is never taken in as it is.
"""

import zlib
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from secondlook.deid.cleaning import clean_file
from secondlook.deid.dicom import Plan
from secondlook.deid.identity import NOBODY, Identity
from secondlook.deid.names import plain_source
from secondlook.deid.options import chosen
from secondlook.deid.pieces import Cleaned, write
from secondlook.deid.seal import Seal
from secondlook.domain import Domain, IntakeFile
from secondlook.errors import ManifestError
from secondlook.intake.fhir_people import read_people
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.reader import Reader
from secondlook.intake.sniff import Format
from secondlook.workspace import Workspace


@dataclass(frozen=True)
class Read:
    """What became of one file, and what it said of its patient."""

    outcome: IntakeFile | QuarantinedFile
    bytes_in: Path
    """Where the bytes lie that may be stored; those of a document are its text."""
    identity: Identity = NOBODY


@dataclass
class Guard:
    """Reads the files of one call."""

    plan: Plan
    reader: Reader
    folder: Path
    """For cleaned files until they are stored."""
    numbers: "count[int]" = field(default_factory=count)

    def name(self, source: str) -> str:
        """What a file is called here."""
        return plain_source(source, self.plan.pseudonyms)

    def hidden(self, file: QuarantinedFile) -> QuarantinedFile:
        """A file that was put aside before it was read, without its name."""
        return replace(file, source=self.name(file.source))

    def read(self, path: Path, source: str, *, kind: str) -> Read:
        """The cleaned file, or why there is none. A document comes as it is: redact its text."""
        name = self.name(source)
        answer = self._clean(path)
        if not isinstance(answer, Cleaned):
            whole = self.reader.read(path, name, kind=kind)
            if isinstance(whole, QuarantinedFile):
                return Read(whole, path)
            known = whole.attachment
            if answer is None:
                people = self._people(path, known.media_type)
                if isinstance(people, Identity):
                    return Read(whole, path, people)
                answer = people
            refused = QuarantinedFile(name, *answer, sha256=known.sha256, size=known.size)
            return Read(refused, path)
        target = self.folder / str(next(self.numbers)) / name.rpartition("/")[2]
        target.parent.mkdir()
        try:
            write(answer, path, target)
        except (OSError, EOFError, zlib.error):
            return Read(self._unwritten(path, name, kind), path)
        outcome = self.reader.read(target, name, kind=kind)
        if isinstance(outcome, IntakeFile):
            # Where it came from, as the group of its patient is told from the file as it came.
            outcome = replace(outcome, path=path)
        return Read(outcome, target, answer.identity)

    def _people(self, path: Path, media_type: str) -> Identity | tuple[Reason, str]:
        """Whom a document names elsewhere than in its text: the patient of a FHIR resource."""
        if media_type != Format.FHIR.value:
            return NOBODY
        return self.reader.run(read_people, path)

    def _clean(self, path: Path) -> Cleaned | None | tuple[Reason, str]:
        """What the parsing process says; what it cannot even open is left to the reader to name."""
        limits = self.reader.limits
        try:
            size = path.stat().st_size if path.is_file() else 0
        except (OSError, ValueError):
            size = 0
        if not 0 < size <= limits.max_file_bytes:
            return None
        return self.reader.run(clean_file, path, path.name, limits, self.plan)

    def _unwritten(self, path: Path, name: str, kind: str) -> QuarantinedFile:
        whole = self.reader.read(path, name, kind=kind)
        if isinstance(whole, QuarantinedFile):
            return whole
        detail = "It could not be copied without what identifies; see that the disk has room."
        return QuarantinedFile(name, Reason.NOT_DEIDENTIFIED, detail)


def plan_for(domain: Domain, workspace: Workspace, *, pixels_checked: bool = False) -> Plan | None:
    """How files of a domain are cleaned; None where they need not be, or the site says so."""
    settings = workspace.settings.deidentify
    if not domain.deidentify or not settings.enabled:
        return None
    checked = {"*"} if pixels_checked else {x.upper() for x in settings.pixels_checked} - {"*"}
    return Plan(workspace.database.pseudonyms, chosen(settings), frozenset(checked))


def link_seal(workspace: Workspace) -> Seal | None:
    """What links back to patients are sealed with; None where none are to be kept.

    Raises WorkspaceError where there are links and their key is gone.
    """
    if not workspace.settings.deidentify.keep_link:
        return None
    with workspace.database.read() as unit:
        sealed = unit.links.any()
    return workspace.seal(make=not sealed)


def hidden_error(error: ManifestError) -> ManifestError:
    """What is wrong with a manifest, without its name and without what stands in it."""
    text = str(error)
    line = f", line {text.split(', line ')[1].split()[0].rstrip(':,')}" if ", line " in text else ""
    return ManifestError(
        f"the manifest{line} cannot be used: see that its first line names columns, `image` or "
        "`note` among them and none twice, that each row has no more cells than there are columns "
        "and names an image, a record or a note, and that it is CSV in UTF-8. What stands in it is "
        "not shown here, as it may name patients"
    )
