"""How long a first look at an exam takes, and in how much memory: prints one JSON object.

    python tests/benchmarks/reading_speed.py [--looks 40] [--slices 200] [--rounds 3] [--threads 1]

`cr`: a radiograph of 2500 x 2048 pixels and 12 bits with a note, again and again by the same engine
with everything resident: `look` is all of `Engine.assess` (reading the file, both backbones, head,
calibration, domain), `explained` adds map and sentences; p50 and p95 of wall-clock milliseconds.
`ct`: a series of slices of 512 x 512, with the same engine. Beside each a plain script: pydicom,
one window, and the same network over the picture, or over every slice of a volume that MONAI has
loaded whole. `times_plain` is the look's time over the plain one's. Memory is the highest resident
set of a process of its own, `loaded` what it was before the first look. The must: 2 GB.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "core")]

NOTE = "Cough and fever for five days.\n\nShort of breath on the stairs, known heart failure."
LABELS = ("pneumonia", "nothing")
MUST_MB = 2000
CASES = 16


@dataclass(frozen=True, kw_only=True)
class Part:
    """What is looked at."""

    files: list[Path]
    modality: str
    shape: tuple[int, int]


def cr(folder: Path) -> Part:
    """A made radiograph: two dark lungs between bright shoulders."""
    import bad_files

    y, x = np.mgrid[-1:1:2500j, -1:1:2048j]
    lungs = np.exp(-(((np.abs(x) - 0.45) / 0.25) ** 2 + (y / 0.6) ** 2))
    noise = np.random.default_rng(0).normal(0, 30, x.shape)
    stored = (3000 - 2200 * lungs + noise).clip(0, 4095).astype(np.uint16)
    values = {"Modality": "CR", "ViewPosition": "PA", "WindowCenter": "2048", "WindowWidth": "4096"}
    path = folder / "cr.dcm"
    path.write_bytes(bad_files.dicom_bytes(bad_files.dicom(stored, **values)))
    return Part(files=[path], modality="CR", shape=stored.shape)


def ct(folder: Path, count: int) -> Part:
    """A made series through the box of `made_series`, 1.5 mm apart."""
    from made_series import write_series

    files = write_series(
        folder / "ct", [1.5 * i - 0.75 * count for i in range(count)], size=(512, 512),
        spacing=(0.7, 0.7), BitsStored=16, HighBit=15,
    )  # fmt: skip
    return Part(files=files, modality="CT", shape=(512, 512))


def engine_and_case(part: Part) -> tuple[Any, Any, Any]:
    """An engine, an exam of these files, and an adapter that was learned from made ones."""
    from made_series import attachment
    from secondlook import Case
    from secondlook.discovery import load_plugins
    from secondlook.engine import Engine
    from secondlook.intake.passages import note
    from secondlook.models.runtime import Runtime
    from secondlook.settings import Settings

    plugins = load_plugins()
    engine = Engine(
        plugins=plugins, runtime=Runtime(plugins.backbones), settings=Settings(),
        locate=lambda x: Path(x.sha256), keep=lambda data: "0" * 64,
    )  # fmt: skip
    case = Case(
        id="1", domain="radiology-assistant", title="made", product=None,
        attachments=tuple(attachment(x) for x in part.files),
        records=(note(NOTE, kind="note", name="note"),), opened_at=datetime.now(UTC),
    )  # fmt: skip
    return engine, case, learned(engine, case)


def learned(engine: Any, like: Any) -> Any:
    """An adapter for exams of this kind; what it knows is of no use, how it reads is as always."""
    from secondlook import image_inputs, scans_of
    from secondlook.eligibility import Eligibility
    from secondlook.engine import CasePictures
    from secondlook.models.goods import network_of
    from secondlook.training.labelled import LabelledCase, LabelledConfig, learn_labelled
    from secondlook.training.labelled_adapter import labelled_adapter

    vision, text = engine.runtime.vision("starter"), engine.runtime.text("minilm")
    scans = scans_of(like.attachments)
    seen = image_inputs(like.attachments, CasePictures(like, engine.plugins, engine.locate))
    small = [network_of(vision).prepare.resized(x.pixels) for x in seen[:: max(1, len(seen) // 4)]]
    cases = [
        LabelledCase(
            images=tuple(grained(x, 100 * i + j) for j, x in enumerate(small)),
            passages=(f"{NOTE} {i}",), labels=(LABELS[i % 2],), group=str(i), key=f"{i:064}",
            slices=scans[0].kind == "volume",
        )
        for i in range(CASES)
    ]  # fmt: skip
    outcome = learn_labelled(
        cases, vision=network_of(vision), text=text, classes=LABELS,
        config=LabelledConfig(tune=None, folds=2, sensitivity=0.95),
    )  # fmt: skip
    return labelled_adapter(
        outcome, domain="radiology-assistant", product=None, version=1, vision="starter",
        backbone=vision, text="minilm", reader=text, counts={}, data_sha256="0" * 64,
        learned_from=(), seed=0, eligibility=Eligibility.of(scans, ("modality",)),
    )  # fmt: skip


def grained(picture: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """The picture under noise: each one another, and all familiar."""
    noise = np.random.default_rng(seed).normal(0, 6, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def plain_cr(part: Part, vision: Any) -> Callable[[], object]:
    """pydicom, its window, the network."""
    import pydicom
    from pydicom.pixels import apply_voi_lut

    def look() -> object:
        dataset = pydicom.dcmread(part.files[0])
        values = apply_voi_lut(dataset.pixel_array, dataset).astype(np.float32)
        grey = ((values - values.min()) * (255 / np.ptp(values))).astype(np.uint8)
        return vision.embed_images([np.repeat(grey[..., None], 3, axis=2)])

    return look


def plain_ct(part: Part, vision: Any) -> Callable[[], object]:
    """MONAI loads the whole volume; the network reads every slice through one window."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from monai.data import PydicomReader
        from monai.transforms import Compose, LoadImage, ScaleIntensityRange

    def look() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            steps = Compose(
                [
                    LoadImage(PydicomReader(), image_only=True),
                    ScaleIntensityRange(-160, 240, 0, 255, clip=True),
                ]
            )
            volume = np.asarray(steps(part.files[0].parent), dtype=np.uint8)
        planes = [np.repeat(volume[..., i, None], 3, axis=2) for i in range(volume.shape[-1])]
        return vision.embed_images(planes)

    return look


def seconds(act: Callable[[], object], times: int) -> list[float]:
    spent = []
    for _ in range(times + 1):  # the first one warms up
        started = time.perf_counter()
        act()
        spent.append(time.perf_counter() - started)
    return spent[1:]


def resident_mb() -> float:
    """The highest so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str, options: argparse.Namespace, which: str) -> dict[str, Any]:
    """One way in a process of its own, so that its memory is its own."""
    import torch

    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        part = cr(Path(folder)) if name == "cr" else ct(Path(folder), options.slices)
        times = options.looks if name == "cr" else options.rounds
        if which == "plain":
            from secondlook.models.backbones import starter
            from secondlook.models.goods import network_of

            vision = network_of(starter())
            act = (plain_cr if name == "cr" else plain_ct)(part, vision)
            loaded = resident_mb()
            return {"seconds": seconds(act, times), "loaded_mb": loaded, "peak_mb": resident_mb()}
        engine, case, adapter = engine_and_case(part)
        loaded = resident_mb()
        found = seconds(lambda: engine.assess(case, adapter, explain=False), times)
        peak = resident_mb()
        look = engine.assess(case, adapter)
        told = seconds(lambda: engine.assess(case, adapter), max(1, times // 4))
        return {
            "seconds": found,
            "explained": told,
            "loaded_mb": loaded,
            "peak_mb": peak,
            "peak_explained_mb": resident_mb(),
            "abstained": look.abstention.reason if look.abstention else None,
            "findings": len(look.findings),
        }


def alone(name: str, options: argparse.Namespace, which: str) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(measured, (name, options, which))


def milliseconds(spent: Sequence[float]) -> dict[str, float]:
    low, middle, high = np.percentile(spent, [5, 50, 95]) * 1000
    return {"p5": round(low, 1), "p50": round(middle, 1), "p95": round(high, 1)}


def told(name: str, options: argparse.Namespace) -> dict[str, Any]:
    mine, plain = (alone(name, options, x) for x in ("engine", "plain"))
    return {
        "look_ms": milliseconds(mine["seconds"]),
        "explained_ms": milliseconds(mine["explained"]),
        "plain_ms": milliseconds(plain["seconds"]),
        "times_plain": round(float(np.median(mine["seconds"]) / np.median(plain["seconds"])), 3),
        "abstained": mine["abstained"],
        "findings": mine["findings"],
        **{x: round(mine[x]) for x in ("loaded_mb", "peak_mb", "peak_explained_mb")},
        "plain_peak_mb": round(plain["peak_mb"]),
        "must_memory": mine["peak_explained_mb"] <= MUST_MB,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=40, help="at the radiograph")
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3, help="looks at the series")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    outcome = {x: told(x, options) for x in ("cr", "ct")}
    json.dump(
        {"slices": options.slices, "threads": options.threads, **outcome}, sys.stdout, indent=2
    )


if __name__ == "__main__":
    main()
