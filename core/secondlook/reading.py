"""Reading one document by hand, with the limits and reasons of intake."""

from pathlib import Path

from secondlook.cases import Record
from secondlook.errors import IntakeError


def read_document(path: Path, kind: str = "record") -> Record:
    """The text of a PDF, Word, HTML, Markdown or text file, split into passages.

    kind: what the document is called in the domain (`manual`, `note`). The limits are the
    defaults. Raises IntakeError that names the file and why it cannot be read.
    """
    from secondlook.intake.outcome import QuarantinedFile
    from secondlook.intake.reader import Reader
    from secondlook.settings import Limits

    with Reader(Limits()) as reader:
        outcome = reader.read(path, path.name, kind=kind)
    if isinstance(outcome, QuarantinedFile):
        raise IntakeError(f"{outcome.source}: {outcome.reason}: {outcome.detail}")
    if outcome.record is None:
        raise IntakeError(f"{outcome.source} is {outcome.attachment.media_type}, not a document")
    return outcome.record
