"""Real files that break naive readers. They lie beside the repository and are never copied."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from secondlook.cases import Role
from secondlook.domain import IntakeFile
from secondlook.intake.pixels import read_picture
from secondlook.intake.reader import Reader
from secondlook.settings import Limits

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MEDICAL = [*sorted(DATA.glob("dicom/*.dcm")), *sorted(DATA.glob("nifti/*.nii.gz"))]
MEDICAL = [path for path in MEDICAL if path.name != "liver.dcm"]  # a segmentation is no picture
VOLUMES = {"eCT_Supplemental.dcm", "emri_small.dcm"}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    if not MEDICAL:
        pytest.skip("needs the folders dicom and nifti of ../shared/data beside the repository")
    with Reader(Limits()) as reader:
        yield reader


@pytest.mark.parametrize("path", MEDICAL or [DATA], ids=lambda path: path.name)
def test_real_file_is_accepted_and_shown(path: Path, reader: Reader) -> None:
    outcome = reader.read(path, path.name)
    assert isinstance(outcome, IntakeFile)
    volume = path.name in VOLUMES or path.suffix == ".gz"
    assert outcome.attachment.role is (Role.VOLUME if volume else Role.IMAGE)
    picture = read_picture(outcome.attachment, path)
    assert picture is not None
    assert np.ptp(picture) > 100
