"""De-identification: what is left of planted identifiers, place by place, and what it costs.

    python tests/benchmarks/deid.py [FILE_OR_FOLDER...]

plants made-up identifiers in DICOM of many classes, in volumes, photos, notes, names of files and
folders and in a manifest, takes all of it in, and prints as JSON how many are left in each place.
With FILES it also says what became of them, and how long cleaning one took.
"""

import json
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import planted
from secondlook.deid.cleaning import clean_file
from secondlook.deid.dicom import Plan
from secondlook.deid.identity import IDENTIFYING
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.options import chosen
from secondlook.deid.pieces import Cleaned, write
from secondlook.settings import Deidentify, Limits
from secondlook.workspace import init_workspace
from secondlook_workflows import ingest
from secondlook_workflows.context import open_context

STRANGER = "Bartholomiew"
"""In no header and behind no title: found only by representation, or by the closed list."""
PLAN = Plan(Pseudonyms(b"0" * 32), chosen(Deidentify()), frozenset({"*"}))


def left_in_workspace(folder: Path) -> dict[str, Any]:
    """Counts of planted identifiers by part of a workspace, after everything was taken in."""
    home = folder / "home"
    init_workspace(home).database.dispose()
    context = open_context(home)
    root, manifest = planted.plant(folder / "in"), planted.plant_manifest(folder / "in")
    planted_files = [x for x in (folder / "in").rglob("*") if x.is_file()]
    reports = [
        ingest.run(ingest.IngestConfig(domain="radiology-assistant", sources=(x,)), context)
        for x in (root, manifest)
    ]
    outcomes = Counter(x.outcome.value for y in reports for x in y.files)
    context.workspace.database.dispose()
    places: Counter[str] = Counter(
        {"blobs": 0, "database": 0, "names": 0, "other files": 0, "reports": 0}
    )
    for path in home.rglob("*"):
        places["names"] += len(planted.found_in(str(path.relative_to(home)).encode()))
        if path.is_file():
            part = path.relative_to(home).parts[0]
            place = "blobs" if part == "blobs" else "database" if ".db" in part else "other files"
            places[place] += len(planted.found_in(path.read_bytes()))
    places["reports"] += len(planted.found_in(repr(reports).encode()))
    before = sum(len(planted.found_in(x.read_bytes())) for x in planted_files)
    return {
        "files": len(planted_files),
        "identifiers_in_files_before": before,
        "outcomes": dict(outcomes),
        "left": dict(places),
    }


def left_by_representation(folder: Path) -> dict[str, dict[str, int]]:
    """Of a name in no header, planted in each element that can hold it: how many stay, by VR."""
    import pydicom

    dataset = planted.scan()
    total: Counter[str] = Counter()
    for element in planted.everywhere():
        free = element.VR in ("LO", "SH", "LT", "ST", "UT", "UC", "CS", "AE", "UR")
        if free and element.keyword not in IDENTIFYING:  # else it would be known everywhere
            name = STRANGER.upper() if element.VR in ("CS", "AE") else STRANGER
            dataset.add_new(element.tag, element.VR, name)
            total[element.VR] += 1
    source, target = folder / "in.dcm", folder / "out.dcm"
    dataset.PatientName, dataset.PatientID, dataset.Modality = planted.PATIENT, "1", "CT"
    source.write_bytes(planted.dicom_bytes(dataset))
    answer = clean_file(source, source.name, Limits(), PLAN)
    assert isinstance(answer, Cleaned)
    write(answer, source, target)
    found = Counter(
        x.VR for x in pydicom.dcmread(target).iterall() if STRANGER.lower() in str(x.value).lower()
    )
    return {vr: {"planted": total[vr], "left": found[vr]} for vr in sorted(total)}


def cleaned_files(sources: list[Path], folder: Path) -> dict[str, Any]:
    """What becomes of real files, and milliseconds for one."""
    files = [x for s in sources for x in (sorted(s.rglob("*")) if s.is_dir() else [s])]
    outcomes: Counter[str] = Counter()
    times: list[float] = []
    for number, path in enumerate(x for x in files if x.is_file()):
        start = time.perf_counter()
        answer = clean_file(path, path.name, Limits(), PLAN)
        if isinstance(answer, Cleaned):
            write(answer, path, folder / str(number))
        times.append(time.perf_counter() - start)
        kind = "cleaned" if isinstance(answer, Cleaned) else answer[0].value if answer else "text"
        outcomes[kind] += 1
    times.sort()
    return {
        "outcomes": dict(outcomes),
        "milliseconds": {
            "median": round(1000 * times[len(times) // 2], 1),
            "most": round(1000 * times[-1], 1),
        },
    }


def main() -> None:
    """Print the figures."""
    warnings.simplefilter("ignore")
    os.environ.pop("SECONDLOOK_HOME", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures: dict[str, Any] = {
            "planted": left_in_workspace(folder),
            "unknown_name_by_vr": left_by_representation(folder),
        }
        if sys.argv[1:]:
            (folder / "out").mkdir()
            figures["files"] = cleaned_files([Path(x) for x in sys.argv[1:]], folder / "out")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
