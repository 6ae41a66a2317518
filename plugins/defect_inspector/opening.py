"""Which files make one part: one picture each, or what a manifest groups under one case.

Documents beside the pictures are the product's manual and go with every part; documents that a
manifest row names go with that row's part.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from secondlook import CaseSource, IntakeFile, ManifestRow, NewCase, Opened, Role, Unused

PICTURES = (Role.IMAGE, Role.VOLUME)


@dataclass
class _Part:
    name: str | None
    files: list[IntakeFile] = field(default_factory=list)
    rows: list[ManifestRow] = field(default_factory=list)


def open_parts(source: CaseSource, domain: str) -> Iterator[Opened | Unused]:
    """Every file of the source exactly once: with a part, or unused with the reason.

    A manual that goes with every part is listed with the first one.
    """
    parts: dict[Hashable, _Part] = {}
    for index, row in enumerate(source.rows):
        parts.setdefault(_row_key(source, index), _Part(row.case)).rows.append(row)
    manuals: dict[str, IntakeFile] = {}
    for file in source.files:
        key = _key(source, file)
        if key is not None:
            parts.setdefault(key, _Part(None)).files.append(file)
        elif file.record is None:
            yield Unused(file=file, reason="it is neither a picture nor a document")
        elif manuals.setdefault(file.attachment.sha256, file) is not file:
            yield Unused(
                file=file, reason=f"the same bytes as {manuals[file.attachment.sha256].source}"
            )
    yield from _open_all(list(parts.values()), list(manuals.values()), source, domain)


def _row_key(source: CaseSource, index: int) -> Hashable:
    case = source.rows[index].case
    return ("case", case) if case else ("row", index)


def _key(source: CaseSource, file: IntakeFile) -> Hashable | None:
    """What tells parts apart; None for what belongs to no part in particular."""
    if file.row is not None and file.row < len(source.rows):
        return _row_key(source, file.row)
    return ("file", file.attachment.sha256) if file.attachment.role in PICTURES else None


def _open_all(
    parts: list[_Part], manuals: list[IntakeFile], source: CaseSource, domain: str
) -> Iterator[Opened | Unused]:
    waiting = manuals
    for part in parts:
        files: dict[str, IntakeFile] = {}
        for file in part.files:
            known = files.setdefault(file.attachment.sha256, file)
            if known is not file:
                yield Unused(file=file, reason=f"the same bytes as {known.source}")
        if files or any(x.note for x in part.rows):
            own = list(files.values())
            new = [x for x in waiting if x.attachment.sha256 not in files]
            case = _case(part, own, manuals, source, domain)
            yield Opened(case=case, files=(*own, *new))
            yield from (_copy(x) for x in waiting if x.attachment.sha256 in files)
            waiting = []
    yield from (
        Unused(file=x, reason="there is no picture that this document could go with")
        for x in waiting
    )


def _copy(manual: IntakeFile) -> Unused:
    return Unused(file=manual, reason="a manifest row names the same document")


def _case(
    part: _Part, own: list[IntakeFile], manuals: list[IntakeFile], source: CaseSource, domain: str
) -> NewCase:
    files = {x.attachment.sha256: x for x in [*own, *manuals]}
    notes = [x.note for x in part.rows if x.note is not None]
    records = [*notes, *(x.record for x in files.values() if x.record), *source.records]
    return NewCase(
        domain=domain,
        title=part.name or (PurePosixPath(own[0].source).name if own else "Note"),
        attachments=tuple(x.attachment for x in files.values()),
        records=tuple({x.sha256: x for x in records}.values()),
        product=source.product,
        name=part.name,
    )
