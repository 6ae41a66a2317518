"""What becomes of every medical file that is at hand: accepted, kept or put aside, by a table.

`medical_outcomes.csv` has a row for each file of pydicom's own test data, which comes with the
package, and of the data folder beside the repository. No file may lack its row, raise anything,
or end in another way than the table says.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from secondlook import Attachment, IntakeFile, Role, stacks_of
from secondlook.intake.aspect import spacing_within, square
from secondlook.intake.outcome import QuarantinedFile
from secondlook.intake.pixels import read_frame
from secondlook.intake.reader import Reader
from secondlook.intake.series_pixels import slices
from secondlook.settings import Limits

BUNDLED = Path(str(pydicom.__file__)).parent / "data"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
ROOTS = {
    "test_files": BUNDLED,
    "charset_files": BUNDLED,
    "palettes": BUNDLED,
    "dicom": SHARED,
    "nifti": SHARED,
}
COLUMNS = ("outcome", "why", "size", "frames", "plane", "problems")
with Path(__file__).with_name("medical_outcomes.csv").open(encoding="utf-8") as lines:
    TABLE = {row.pop("file"): row for row in csv.DictReader(lines)}


def found() -> list[str]:
    """Every file of the folders that are there."""
    return sorted(
        path.relative_to(root).as_posix()
        for folder, root in ROOTS.items()
        for path in (root / folder).rglob("*")
        if path.is_file()
    )


def path_of(name: str) -> Path:
    return ROOTS[name.split("/")[0]] / name


def told(outcome: IntakeFile | QuarantinedFile) -> dict[str, str]:
    """The row of a file."""
    if isinstance(outcome, QuarantinedFile):
        return dict.fromkeys(COLUMNS, "") | {"outcome": "quarantined", "why": outcome.reason.value}
    file = outcome.attachment
    facts = file.facts
    kept = file.role is Role.OTHER
    sides = (facts.get("rows") or facts.get("height"), facts.get("columns") or facts.get("width"))
    return {
        "outcome": "kept" if kept else "accepted",
        "why": str(facts["not_assessed"] if kept else file.role.value),
        "size": "x".join(str(x) for x in sides) if all(sides) else "",
        "frames": str(facts.get("frames", "")),
        "plane": str(facts.get("plane", "")),
        "problems": str(facts.get("problems", "")),
    }


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits()) as reader:
        yield reader


def test_every_file_that_is_there_has_a_row() -> None:
    assert set(found()) - set(TABLE) == set()


def test_every_bundled_row_has_its_file() -> None:
    there = [name for name in TABLE if ROOTS[name.split("/")[0]] == BUNDLED]
    assert len(there) > 150
    assert [x for x in there if not path_of(x).is_file()] == []


@pytest.mark.parametrize("name", TABLE)
def test_a_file_ends_as_the_table_says(name: str, reader: Reader) -> None:
    path = path_of(name)
    if not path.is_file():
        pytest.skip(f"needs {name} of ../shared/data beside the repository")
    outcome = reader.read(path, path.name)
    assert told(outcome) == TABLE[name]
    if isinstance(outcome, IntakeFile):
        check(outcome.attachment, path)


def check(file: Attachment, path: Path) -> None:
    """Every frame of a picture has its stated size, for people and for models; nothing else has."""
    pictures = stacks_of([file])
    if file.role not in (Role.IMAGE, Role.VOLUME):
        assert pictures == ()
        assert read_frame(file, path, 0) is None
        return
    (stack,) = pictures
    count = int(file.facts["frames"] or 1)
    size = [file.facts.get(x) for x in ("rows", "columns")]
    drawn = [read_frame(file, path, index) for index in {0, count // 2, count - 1}]
    assert all(x is not None and x.dtype == np.uint8 and x.shape[2:] == (3,) for x in drawn)
    wanted = range(count) if count <= 100 else [0]
    planes = list(slices(stack, lambda _: path, wanted))
    assert stack.slices == count
    assert len(planes) == len(wanted)
    for values in planes:
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
    shapes = {x.shape for x in planes}
    assert shapes <= {tuple(size)} or None in size
    stored = np.zeros((*planes[0].shape, 3), np.uint8)
    assert {x.shape for x in drawn if x is not None} == {square(stored, spacing_within(file)).shape}
