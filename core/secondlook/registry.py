"""The objects that plugins register beside domains: backbones and exporters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
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
    """An export format: writes cases with assessments and decisions to an open text file."""

    name: str
    description: str
    write: "Callable[[Iterable[CaseExport], IO[str]], int]"
    """Returns how many cases were written."""
