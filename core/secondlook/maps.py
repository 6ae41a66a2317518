"""Anomaly maps as stored pictures: float scores to a greyscale PNG and back."""

import io
from typing import TYPE_CHECKING

from secondlook.evidence import AnomalyMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def encode_map(scores: "NDArray[np.float32]") -> bytes:
    """A (h, w) map as an 8-bit PNG: grey 0 is the lowest score, grey 255 the highest."""
    from PIL import Image

    low, high = float(scores.min()), float(scores.max())
    grey = (scores - low) / max(high - low, 1e-12) * 255
    buffer = io.BytesIO()
    Image.fromarray(grey.round().astype("uint8")).save(buffer, format="PNG")
    return buffer.getvalue()


def decode_map(data: bytes, evidence: AnomalyMap) -> "NDArray[np.float32]":
    """The (h, w) scores of a stored map, to within 1/255 of its range."""
    import numpy as np
    from PIL import Image

    grey = np.asarray(Image.open(io.BytesIO(data), formats=("PNG",)), dtype=np.float32)
    return grey * np.float32((evidence.high - evidence.low) / 255) + np.float32(evidence.low)
