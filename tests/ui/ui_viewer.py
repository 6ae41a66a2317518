"""What the picture viewer is told, read from the page."""

import json
import struct
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest


def scenes(app: AppTest) -> list[dict[str, Any]]:
    """What each viewer of the page is told; empty where no picture is shown."""
    mounted = [x.proto for x in app.get("bidi_component")]
    return [json.loads(x.json) for x in mounted if x.component_name == "secondlook.viewer"]


def scene(app: AppTest) -> dict[str, Any]:
    """What the one viewer of the page is told."""
    [told] = scenes(app)
    return told


def heats(app: AppTest) -> list[dict[str, Any]]:
    """The maps that may lie over the pictures."""
    return [x for series in scene(app)["series"] for x in series["heats"]]


def places(app: AppTest) -> list[dict[str, Any]]:
    """The marked places."""
    return [x for series in scene(app)["series"] for x in series["places"]]


def unpacked(data: bytes) -> tuple[dict[str, Any], Any, bytes]:
    """What a frame that was served says of itself, its codes, and the rest."""
    magic, length = data[:4], struct.unpack("<I", data[4:8])[0]
    assert magic == b"SLP1" and (8 + length) % 8 == 0
    said = json.loads(data[8 : 8 + length])
    shape = (said["rows"], said["columns"], said["channels"])
    size = int(np.prod(shape)) * said["bytes"]
    body = data[8 + length :]
    codes = np.frombuffer(body[:size], f"<u{said['bytes']}").reshape(shape)
    return said, codes.squeeze(2) if shape[2] == 1 else codes, body[size:]
