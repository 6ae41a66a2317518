"""Resident backbones: each is loaded once, on first use, whoever asks and from which thread."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from secondlook.errors import BackboneError
from secondlook.models.backbones import TextBackbone, VisionBackbone, load_text, load_vision
from secondlook.registry import BackboneSpec

B = TypeVar("B")


class Runtime:
    """Backbones by registered name or by the path of a checkpoint folder.

    Attributes:
        specs: the registered backbones, by name; a name wins over a folder of the same name.
    """

    def __init__(self, specs: Mapping[str, BackboneSpec], *, threads: int | None = None) -> None:
        """`threads` limits what torch uses in the whole process; None leaves it alone."""
        self.specs = dict(specs)
        self._threads = threads
        self._loaded: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()

    def vision(self, name_or_path: str) -> VisionBackbone:
        """The vision backbone of this name, or in this folder. Raises BackboneError."""
        return self._resident(name_or_path, "image", load_vision)

    def text(self, name_or_path: str) -> TextBackbone:
        """The text backbone of this name, or in this folder. Raises BackboneError.

        It remembers the vectors of texts it has seen lately.
        """
        return self._resident(name_or_path, "text", _remembering_text)

    def _resident(self, name: str, modality: str, from_path: Callable[[Path], B]) -> B:
        with self._lock:
            if (modality, name) not in self._loaded:
                self._limit_threads()
                self._loaded[modality, name] = self._load(name, modality, from_path)
            return cast(B, self._loaded[modality, name])

    def _load(self, name: str, modality: str, from_path: Callable[[Path], B]) -> B:
        spec = self.specs.get(name)
        if spec is None:
            return from_path(self._folder(name, modality))
        if spec.modality != modality:
            raise BackboneError(f"backbone {name!r} reads {spec.modality}, not {modality}")
        backbone = spec.load()
        return cast(B, _remember(cast(TextBackbone, backbone)) if modality == "text" else backbone)

    def _folder(self, name: str, modality: str) -> Path:
        path = Path(name).expanduser()
        if path.exists():
            return path
        names = sorted(x.name for x in self.specs.values() if x.modality == modality)
        raise BackboneError(
            f"no {modality} backbone is called {name!r} and no folder lies there; "
            f"registered: {', '.join(names) or 'none'}; or give the path of a checkpoint folder"
        )

    def _limit_threads(self) -> None:
        if self._threads is not None:
            import torch

            torch.set_num_threads(self._threads)


def _remember(backbone: TextBackbone) -> TextBackbone:
    from secondlook.models.retrieval import RememberingText

    return RememberingText(backbone)


def _remembering_text(path: Path) -> TextBackbone:
    return _remember(load_text(path))
