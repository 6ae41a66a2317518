"""What the cases of one call were called before their names were removed; held in memory only."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from secondlook.deid.link import Link, link_of
from secondlook.domain import IntakeFile, ManifestRow, Opened
from secondlook_workflows.redacting import Source

Key = tuple[str, str, int | None]


@dataclass
class Links:
    """The way back, from files and rows of a manifest."""

    rows: Sequence[ManifestRow] = field(default=(), repr=False)
    """As they came."""
    plain: Sequence[ManifestRow] = ()
    """The same without names."""
    _files: dict[Key, list[Source]] = field(default_factory=dict, repr=False)

    def add(self, file: IntakeFile, source: Source) -> None:
        """Note what a file was called and who it was of."""
        self._files.setdefault(_key(file), []).append(source)

    def of(self, item: Opened) -> Link:
        """Everything that is known of a case."""
        sources = [s for x in item.files for s in self._files.get(_key(x), ())]
        numbers = {x.row for x in item.files}
        name = item.case.name
        rows = [
            row
            for i, (row, plain) in enumerate(zip(self.rows, self.plain, strict=True))
            if i in numbers or (name is not None and plain.case == name)
        ]
        called = Link(
            cases=tuple(x.case for x in rows if x.case),
            groups=tuple(x.group for x in rows if x.group),
        )
        return called | link_of([x.identity for x in sources], [x.name for x in sources])


def _key(file: IntakeFile) -> Key:
    """A picture by its content. A note also by where it came from: without names, those of two
    patients may read alike, and neither must lead to the other."""
    digest = file.attachment.sha256
    return (digest, "", None) if file.record is None else (digest, file.source, file.row)
