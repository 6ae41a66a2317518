"""Resident backbones: each is loaded once, on first use, whoever asks and from which thread."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from secondlook.errors import BackboneError
from secondlook.models.backbones import (
    GeneratingBackbone,
    TextBackbone,
    VisionBackbone,
    load_generative,
    load_text,
    load_vision,
)
from secondlook.models.folders import is_hub_id, locate
from secondlook.registry import BackboneSpec

if TYPE_CHECKING:
    from secondlook.models.dual import DualBackbone
    from secondlook.models.precision import Choice

B = TypeVar("B")
VERBS = {"image": "patches", "text": "embed", "image+text": "generate"}
"""What a backbone can do that is asked for by this modality."""


class Runtime:
    """Backbones by registered name, by the path of a checkpoint folder, or by hub id.

    A pair that reads pictures and texts is resident once, whichever half was asked for first.

    Attributes:
        specs: the registered backbones, by name; a name wins over a folder of the same name.
    """

    def __init__(
        self,
        specs: Mapping[str, BackboneSpec],
        *,
        threads: int | None = None,
        precision: "Choice" = "float32",
    ) -> None:
        """A runtime in which nothing is loaded yet.

        Args:
            threads: what torch uses at most in the whole process; None leaves it alone.
            precision: what networks that see compute in.
        """
        self.specs = dict(specs)
        self._threads = threads
        self._precision = precision
        self._loaded: dict[tuple[str, str], Any] = {}
        self._keys: dict[str, str] = {}
        self._remembering: dict[str, TextBackbone] = {}
        self._lock = threading.RLock()

    def vision(self, name_or_path: str) -> VisionBackbone:
        """The vision backbone of this name, or in this folder. Raises BackboneError."""
        return self._resident(name_or_path, "image", load_vision)

    def text(self, name_or_path: str) -> TextBackbone:
        """The text backbone of this name, or in this folder. Raises BackboneError.

        It remembers the vectors of texts it has seen lately.
        """
        with self._lock:
            if name_or_path not in self._remembering:
                plain = self._resident(name_or_path, "text", load_text)
                self._remembering[name_or_path] = _remember(plain)
            return self._remembering[name_or_path]

    def dual(self, name_or_path: str) -> "DualBackbone":
        """The pair of this name, or in this folder: the one that `vision` and `text` use.

        Raises BackboneError where it does not read both pictures and texts.
        """
        from secondlook.models.dual import DualBackbone

        backbone = self.vision(name_or_path)
        if not isinstance(backbone, DualBackbone):
            raise BackboneError(
                f"backbone {name_or_path!r} reads no pairs of pictures and texts: "
                "give a CLIP, SigLIP or VisionTextDualEncoder checkpoint with its tokenizer"
            )
        return backbone

    def generative(self, name_or_path: str) -> GeneratingBackbone:
        """The model of this name, or in this folder, that writes. Raises BackboneError."""
        return self._resident(name_or_path, "image+text", load_generative)

    def _resident(self, name: str, modality: str, from_path: Callable[[Path], B]) -> B:
        with self._lock:
            key = self._key(name, modality)
            if (modality, key) not in self._loaded:
                self._limit_threads()
                backbone = self._load(name, modality, from_path)
                self._set_precision(backbone)
                for other, verb in VERBS.items():
                    if self._serves(name, other) and hasattr(backbone, verb):
                        self._loaded[other, key] = backbone
            return cast(B, self._loaded[modality, key])

    def _key(self, name: str, modality: str) -> str:
        """One key for all spellings of a path."""
        if name not in self._keys:
            known = name in self.specs
            self._keys[name] = name if known else str(self._folder(name, modality))
        return self._keys[name]

    def _serves(self, name: str, modality: str) -> bool:
        spec = self.specs.get(name)
        return spec is None or modality in (spec.modality, *spec.modality.split("+"))

    def _load(self, name: str, modality: str, from_path: Callable[[Path], B]) -> B:
        spec = self.specs.get(name)
        if spec is None:
            return from_path(Path(name).expanduser())
        if not self._serves(name, modality):
            raise BackboneError(f"backbone {name!r} reads {spec.modality}, not {modality}")
        backbone = spec.load()
        if not hasattr(backbone, VERBS[modality]):
            raise BackboneError(
                f"backbone {name!r} is a {type(backbone).__name__}, which has no "
                f"{VERBS[modality]}(): name one that reads {modality}"
            )
        return cast(B, backbone)

    def _folder(self, name: str, modality: str) -> Path:
        path = Path(name).expanduser()
        if path.exists() or is_hub_id(name):
            return locate(path).folder.resolve()
        names = sorted(x.name for x in self.specs.values() if modality in x.modality)
        raise BackboneError(
            f"no {modality} backbone is called {name!r} and no folder lies there; "
            f"registered: {', '.join(names) or 'none'}; or give the path of a checkpoint folder"
        )

    def _set_precision(self, backbone: object) -> None:
        from secondlook.models.precision import chosen
        from secondlook.models.vision import PatchNetwork

        for part in (backbone, *(getattr(backbone, x, None) for x in ("image", "vision"))):
            if isinstance(part, PatchNetwork):
                part.precision = chosen(self._precision, part.image_tower)

    def _limit_threads(self) -> None:
        if self._threads is not None:
            import torch

            torch.set_num_threads(self._threads)


def _remember(backbone: TextBackbone) -> TextBackbone:
    from secondlook.models.retrieval import RememberingText

    return RememberingText(backbone)
