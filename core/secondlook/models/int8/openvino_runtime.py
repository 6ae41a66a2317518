"""OpenVINO and NNCF, which the extra `openvino` brings: only imported when they are asked for.

Both report what they are used for over the network, by way of the package `openvino_telemetry`:
importing openvino alone does. Each does without where that package cannot be imported, so in this
process it never can.
"""

import importlib
import logging
import sys
from pathlib import Path
from typing import Any

import torch

from secondlook.errors import BackboneError

TELEMETRY = "openvino_telemetry"
INSTALL = "pip install 'secondlook[openvino]'"


def openvino() -> Any:
    """The module `openvino`, silenced. Raises BackboneError where it is not installed."""
    return _imported("openvino")


def nncf() -> Any:
    """The module `nncf`, silenced. Raises BackboneError where it is not installed."""
    openvino()
    known = logging.getLoggerClass()
    try:
        module = _imported("nncf")
    finally:
        logging.setLoggerClass(known)  # it changes the class of every logger to come
    module.set_log_level(logging.ERROR)  # it writes to standard output
    return module


def compiled(model: Any) -> Any:
    """A model of openvino made ready for this processor, for one picture after the other.

    What is not quantized is computed in float32 on every processor, and with as many threads as
    torch has, tied to no core: others want them too.
    """
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "ENABLE_CPU_PINNING": False,
    }
    return openvino().Core().compile_model(model, "CPU", settings)


def read_model(path: Path) -> Any:
    """A model of openvino from its two files. Raises what openvino raises."""
    core = openvino().Core()
    core.set_property({"ENABLE_MMAP": False})  # the files may be replaced meanwhile
    return core.read_model(path)


def _imported(name: str) -> Any:
    _silence()
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BackboneError(
            f"int8 backbones need the package {name} ({error}): {INSTALL}"
        ) from error


def _silence() -> None:
    """Keep telemetry out of this process; where another part let it in, it sends no more."""
    if sys.modules.setdefault(TELEMETRY, None) is not None:  # type: ignore[arg-type]
        sender: Any = importlib.import_module(f"{TELEMETRY}.utils.sender")
        sender.TelemetrySender.send = lambda *_: None
