"""The objects that plugins register beside domains: backbones and exporters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from secondlook.exporting import ExportReader
    from secondlook.models.backbones import GeneratingBackbone, TextBackbone, VisionBackbone
    from secondlook.store.worklist import CaseExport


@dataclass(frozen=True, kw_only=True)
class BackboneSpec:
    """A backbone by name. `load` runs when it is first used, so registering costs nothing.

    A checkpoint folder or a hub id becomes one with
    `load=lambda: secondlook.models.families.load_backbone("org/name")`.
    """

    name: str
    modality: Literal["image", "text", "image+text"]
    """What it reads; `image+text` for CLIP-like pairs and for models that generate text."""
    licence: str
    trained: bool
    description: str
    load: "Callable[[], VisionBackbone | TextBackbone | GeneratingBackbone]"


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """An export format. It gives one of `write` and `build`; both return how many cases they wrote.

    `write` is for a text that is made from the cases alone, `build` for everything else: bytes,
    and formats that need pictures, maps or the audit trail. Cases come as a stream, as many as
    there are: keep none of them.
    """

    name: str
    description: str
    write: "Callable[[Iterable[CaseExport], IO[str]], int] | None" = None
    """Writes to an open text file."""
    build: "Callable[[Iterable[CaseExport], IO[bytes], ExportReader], int] | None" = None
    """Writes to a file open for bytes, and reads what it needs."""
    binary: bool = False
    """Whether it is no text, so that a terminal cannot show it."""
    folder: "str | Callable[[CaseExport], str] | None" = None
    """What the file is called in a folder, where one is given as the place: one name, beside which
    the exporter may put more, or the name for each case, and then each has a file of its own."""
    domain: str | None = None
    """The only domain that it is for; None for every one."""

    def __post_init__(self) -> None:
        if (self.write is None) == (self.build is None):
            raise ValueError(f"the export format {self.name!r} must give `write` or `build`")
