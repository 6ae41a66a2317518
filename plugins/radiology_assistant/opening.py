"""Which files make one exam: DICOM by study, everything else by manifest or by itself.

A note is never guessed onto an exam: it goes with the manifest row that names it, or with the
one exam whose file has the same name beside it, or it stays unused and says so.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from secondlook import (
    Attachment,
    CaseSource,
    IntakeFile,
    ManifestRow,
    NewCase,
    Opened,
    Role,
    Unused,
    stacks_of,
)

PICTURES = (Role.IMAGE, Role.VOLUME)
LONE_NOTE = (
    "no exam has a file of the same name beside it: name the note after its image, "
    "give it with --record, or list both in a manifest"
)
SHARED_NAME = "several exams have files of this name: list exam and note in a manifest"


@dataclass
class _Exam:
    name: str | None
    files: list[IntakeFile] = field(default_factory=list)
    rows: list[ManifestRow] = field(default_factory=list)


def open_exams(source: CaseSource, domain: str) -> Iterator[Opened | Unused]:
    """Every file of the source exactly once: as part of an exam, or unused with the reason."""
    exams: dict[Hashable, _Exam] = {}
    for index, row in enumerate(source.rows):
        exams.setdefault(_row_key(source, index), _Exam(row.case)).rows.append(row)
    loose: list[IntakeFile] = []
    for file in source.files:
        key = _key(source, file)
        if key is not None:
            exams.setdefault(key, _Exam(_study(file.attachment))).files.append(file)
        elif file.record is not None:
            loose.append(file)
        else:
            yield Unused(file=file, reason=_why_unused(file.attachment))
    yield from _place_notes(loose, exams)
    for exam in exams.values():
        yield from _open(exam, source, domain)


def _row_key(source: CaseSource, index: int) -> Hashable:
    case = source.rows[index].case
    return ("case", case) if case else ("row", index)


def _key(source: CaseSource, file: IntakeFile) -> Hashable | None:
    """What tells exams apart; None where the file does not say which exam it belongs to."""
    if file.row is not None and file.row < len(source.rows):
        return _row_key(source, file.row)
    if study := _study(file.attachment):
        return ("study", study)
    return ("file", file.attachment.sha256) if file.attachment.role in PICTURES else None


def _why_unused(attachment: Attachment) -> str:
    """The reason with the code of intake, where that has one (a directory, a report)."""
    reason = "it is no picture, no note, and belongs to no study"
    code = attachment.facts.get("not_assessed")
    return f"{reason} ({str(code).replace('_', ' ')})" if code else reason


def _study(attachment: Attachment) -> str | None:
    study = attachment.facts.get("study")
    return str(study) if study else None


def _place_notes(notes: Sequence[IntakeFile], exams: dict[Hashable, _Exam]) -> Iterator[Unused]:
    homes: dict[PurePosixPath, set[Hashable]] = {}
    for key, exam in exams.items():
        for file in exam.files:
            homes.setdefault(_stem(file.source), set()).add(key)
    for note in notes:
        keys = homes.get(_stem(note.source), set())
        if len(keys) == 1:
            exams[next(iter(keys))].files.append(note)
        else:
            yield Unused(file=note, reason=SHARED_NAME if keys else LONE_NOTE)


def _stem(source: str) -> PurePosixPath:
    """The path without its endings: `a/scan.nii.gz` and `a/scan.txt` have the same."""
    path = PurePosixPath(source.replace("\\", "/"))
    name = path.name.removesuffix(".gz") if path.name.endswith(".nii.gz") else path.name
    return path.with_name(PurePosixPath(name).stem or name)


def _open(exam: _Exam, source: CaseSource, domain: str) -> Iterator[Opened | Unused]:
    files: dict[str, IntakeFile] = {}
    for file in exam.files:
        known = files.setdefault(file.attachment.sha256, file)
        if known is not file:
            yield Unused(file=file, reason=f"the same bytes as {known.source}")
    notes = [x.note for x in exam.rows if x.note is not None]
    records = [*notes, *(x.record for x in files.values() if x.record), *source.records]
    if not files and not notes:
        return  # a row whose files were all put aside
    case = NewCase(
        domain=domain,
        title=_title(exam, tuple(files.values())),
        attachments=_in_order([x.attachment for x in files.values()]),
        records=tuple({x.sha256: x for x in records}.values()),
        product=source.product,
        name=exam.name,
        # Files of a study that arrive later join it.
        key=f"study:{exam.name}" if exam.name and not exam.rows else None,
    )
    yield Opened(case=case, files=tuple(files.values()))


def _in_order(attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Slices as they lie in the patient, stack after stack; then what is no picture."""
    placed = [x for stack in stacks_of(attachments) for x in stack.attachments]
    known = {x.sha256 for x in placed}
    return (*placed, *(x for x in attachments if x.sha256 not in known))


def _title(exam: _Exam, files: Sequence[IntakeFile]) -> str:
    """A study is named by its hash: file names of DICOM often hold the patient's name."""
    if exam.rows and exam.name:
        return exam.name
    pictures = sorted(files, key=lambda x: x.attachment.role not in PICTURES)
    modality = next((m for x in pictures if (m := x.attachment.facts.get("modality"))), None)
    study = next((x for f in files if (x := _study(f.attachment))), None)
    if study:
        return f"{modality or 'DICOM'} study {study[:8]}"
    return PurePosixPath(files[0].source).name if files else "Note"
