"""The embedded backbone `starter`: a small vision tower of our own beside all-MiniLM-L6-v2.

Its weights lie in the package, with a card that says how they were made and what they can do.
"""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from secondlook.assessments import BackboneRef
from secondlook.errors import BackboneError
from secondlook.models.checkpoints import fingerprint, load_model
from secondlook.models.dual import DualBackbone
from secondlook.models.pictures import Preprocessing
from secondlook.models.text import SentenceEncoder, packaged_minilm
from secondlook.models.towers import ImageTower, TextTower
from secondlook.models.vision import CONV_SIDE, PatchNetwork

FOLDER = Path(__file__).parent / "weights" / "starter"
SHARED = "shared.safetensors"
PARTS = {"visual_projection": 2, "text_projection": 2, "log_scale": 0}
"""What the shared file holds, and how many dimensions each has."""
REINSTALL = "reinstall secondlook"
LEVELS = (2, 3)
"""Hidden states that patch features are made of: strides of 8 and 16 pixels."""


def starter_backbone(folder: Path = FOLDER) -> DualBackbone:
    """The starter from its folder: config.json, model.safetensors and shared.safetensors.

    Raises BackboneError where the folder is missing or damaged.
    """
    if not folder.is_dir():
        raise BackboneError(
            f"the starter's weights are not at {folder}: reinstall secondlook, or make them with "
            "`secondlook backbones starter`"
        )
    model, _ = load_model(folder)
    shared = _shared(folder / SHARED)
    text = packaged_minilm()
    pictures, texts = _linear(shared["visual_projection"]), _linear(shared["text_projection"])
    whole = nn.ModuleDict({"vision": model, "pictures": pictures, "texts": texts})
    ref = BackboneRef(
        name="starter",
        revision="1",
        fingerprint=fingerprint(whole),
        trained=True,
    )
    text_tower = TextTower(text.text_tower.model, texts, pooling=text.text_tower.pooling)
    return DualBackbone(
        PatchNetwork(ImageTower(model, pictures), ref, Preprocessing(CONV_SIDE), LEVELS),
        SentenceEncoder(text_tower, text.tokens, ref),
        ref,
        aligned=True,
        logit_scale=float(shared["log_scale"].exp()),
    )


def _shared(path: Path) -> dict[str, Tensor]:
    try:
        tensors = {k: v.float() for k, v in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise BackboneError(
            f"the starter has no readable {SHARED} ({type(error).__name__}): {REINSTALL}"
        ) from error
    for name, dimensions in PARTS.items():
        if name not in tensors:
            raise BackboneError(f"the starter's {SHARED} lacks {name}: {REINSTALL}")
        if tensors[name].ndim != dimensions:
            shape = tuple(tensors[name].shape)
            raise BackboneError(f"{SHARED} holds {name} of shape {shape}: {REINSTALL}")
    return tensors


def _linear(weight: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    return layer.requires_grad_(False)
