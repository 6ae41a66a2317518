"""What a viewer is given is what the reader of pictures shows, value for value."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

import made_series
from made_series import bad_files
from secondlook.cases import Attachment, Role
from secondlook.errors import IntakeError
from secondlook.intake.aspect import pitch_of, spacing_within, square
from secondlook.intake.parse import parse_file
from secondlook.intake.pixels import read_frame
from secondlook.intake.views import CODES, View, found_window, packed, photo_view, read_view
from secondlook.intake.voi import apply_window
from secondlook.settings import Limits


def attached(path: Path) -> Attachment:
    """A file as intake takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in the process that parses
        parsed = parse_file(path, path.name, Limits())
    assert not isinstance(parsed, tuple), parsed
    return Attachment(
        sha256="a" * 64,
        name=path.name,
        media_type=parsed.media_type,
        size=1,
        role=parsed.role,
        facts=parsed.facts,
    )


def view(path: Path, index: int = 0) -> View:
    """One frame of a file."""
    found = read_view(attached(path), path, index)
    assert found is not None
    return found


def grey(of: View) -> NDArray[np.int64]:
    """How a view is shown at first."""
    if of.table is not None:
        shown = of.table[of.codes]
    else:
        values = of.codes * of.slope + of.intercept
        shown = apply_window(values, of.window.centre, of.window.width, of.window.shape)
    return np.asarray(255 - shown if of.inverted else shown, dtype=np.int64)


def same(path: Path, index: int = 0, most: int = 1) -> View:
    """Assert that the view shows what the reader shows."""
    of, picture = view(path, index), read_frame(attached(path), path, index)
    assert picture is not None
    shown = of.codes if of.codes.ndim == 3 else np.repeat(grey(of)[:, :, None], 3, axis=2)
    squared = square(shown.astype(np.uint8), spacing_within(attached(path)))
    assert of.seen == picture.shape[:2]
    most = most if squared.shape == shown.shape else 4  # a step of one is more between two pixels
    assert np.abs(squared.astype(int) - picture).max() <= most
    return of


def dicom(path: Path, stored: NDArray[Any], **values: Any) -> Path:
    """A DICOM file with these stored values."""
    path.write_bytes(bad_files.dicom_bytes(bad_files.dicom(stored, **values)))
    return path


GRADIENT = np.arange(4096, dtype=np.uint16).reshape(64, 64)
TABLE = Dataset()
TABLE.add_new("LUTDescriptor", "US", [4096, 0, 12])
GREYS = np.rint(4095 * (np.arange(4096) / 4095) ** 0.5).astype("<u2")
TABLE.add_new("LUTData", "OW", GREYS.tobytes())
TABLE.ModalityLUTType = "US"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"WindowCenter": "1000", "WindowWidth": "1800"},
        {"WindowCenter": "1000", "WindowWidth": "1"},
        {"WindowCenter": "90000", "WindowWidth": "10"},
        {"WindowCenter": "1000", "WindowWidth": "1800", "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": "1000", "WindowWidth": "1800", "VOILUTFunction": "LINEAR_EXACT"},
        {"RescaleSlope": "2.5", "RescaleIntercept": "-1024", "WindowCenter": "40", "WindowWidth": "400"},
        {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": "1000", "WindowWidth": "900"},
        {"VOILUTSequence": [TABLE]},
        {"ModalityLUTSequence": [TABLE], "WindowCenter": "2000", "WindowWidth": "4000"},
        {"Modality": "MR", "RescaleSlope": "4", "WindowCenter": "1000", "WindowWidth": "1800"},
        {"PixelPaddingValue": 0},
    ],
)  # fmt: skip
def test_at_first_it_is_what_the_reader_shows(tmp_path: Path, values: dict[str, Any]) -> None:
    same(dicom(tmp_path / "a.dcm", GRADIENT, **values))


def test_values_are_those_of_the_modality(tmp_path: Path) -> None:
    path = made_series.write_slice(tmp_path / "a.dcm", made_series.AXIAL, 20.0)
    of = same(path)
    values = of.codes * of.slope + of.intercept
    assert set(np.unique(values)) == {made_series.AIR, made_series.BONE}
    assert (of.unit, of.exact, of.lie.pitch) == ("HU", True, (2.0, 2.5))
    assert (of.lie.letters, of.lie.position, of.lie.aspect) == (("L", "P"), 20.0, 0.8)


@pytest.mark.parametrize(
    ("cosines", "letters"),
    [
        (made_series.AXIAL, ("L", "P")),
        (made_series.CORONAL, ("L", "I")),
        (made_series.SAGITTAL, ("P", "I")),
        ((-1, 0, 0, 0, 1, 0), ("R", "P")),
        ((0.8, 0.6, 0, -0.6, 0.8, 0), ("LP", "PR")),
    ],
)
def test_letters_say_where_rows_and_columns_run(
    tmp_path: Path, cosines: tuple[float, ...], letters: tuple[str, str]
) -> None:
    assert view(made_series.write_slice(tmp_path / "a.dcm", cosines, 0.0)).lie.letters == letters


@pytest.mark.parametrize(
    ("stated", "letters"),
    [
        (["L", "F"], ("L", "I")),
        (["R", "HP"], ("R", "SP")),
        (["X", "F"], None),
        (["L", ""], None),
        (["L"], None),
        (["LLLLLL", "F"], ("LLL", "I")),
    ],
)
def test_a_radiograph_has_letters_where_it_says_so(
    tmp_path: Path, stated: list[str], letters: tuple[str, str] | None
) -> None:
    path = dicom(tmp_path / "a.dcm", GRADIENT, Modality="CR", PatientOrientation=stated)
    of = view(path)
    assert of.lie.letters == letters and of.lie.at_detector and of.lie.pitch is None


def test_without_spacing_the_shape_of_a_pixel_is_kept(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", GRADIENT, PixelAspectRatio=["3", "2"])
    assert (view(path).lie.aspect, view(path).lie.pitch) == (1.5, None)


def test_a_radiograph_is_measured_at_its_detector(tmp_path: Path) -> None:
    plate = {"ImagerPixelSpacing": ["0.2", "0.1"]}
    of = view(dicom(tmp_path / "a.dcm", GRADIENT, Modality="DX", **plate))
    assert (of.lie.pitch, of.lie.aspect, of.lie.at_detector) == ((0.2, 0.1), 2.0, True)
    assert view(dicom(tmp_path / "b.dcm", GRADIENT, Modality="CT", **plate)).lie.pitch is None


def test_places_are_told_on_the_picture_with_square_pixels(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", GRADIENT, PixelSpacing=["3", "1.5"])
    assert (same(path).seen, pitch_of(attached(path))) == ((128, 64), (1.5, 1.5))
    coarse = dicom(tmp_path / "b.dcm", np.zeros((900, 30), np.uint16), PixelSpacing=["3", "1"])
    assert view(coarse).seen == (2048, 23)
    assert pitch_of(attached(coarse)) == pytest.approx((900 * 3 / 2048, 30 / 23))


def test_a_spacing_that_cannot_be_squashes_nothing(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", GRADIENT, PixelSpacing=["0.001", "500"])
    of = same(path)
    assert (of.lie.pitch, of.lie.aspect, of.seen) == (None, 1.0, (64, 64))
    assert pitch_of(attached(path)) is None


def affine(*zooms: float) -> NDArray[np.float64]:
    """Voxels along the axes of the patient."""
    return np.diag([*zooms, 1.0])


def test_a_volume_has_its_spacing_place_and_letters(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    values = np.random.default_rng(1).integers(-1000, 2000, (8, 9, 5)).astype(np.int16)
    path.write_bytes(bad_files.nifti(values, affine(1.0, 2.0, 3.0)))
    of = same(path, 3)
    assert of.codes.shape == (9, 8) and of.exact
    assert set(np.unique(of.codes * of.slope + of.intercept)) == set(np.unique(values[:, :, 3]))
    assert (of.lie.pitch, of.lie.aspect) == ((2.0, 1.0), 2.0)
    assert (of.lie.letters, of.lie.position) == (("L", "P"), 9.0)


def test_a_volume_that_is_stored_with_its_axes_changed_keeps_its_spacing(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    turned = np.array([[0, 2.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 3.0, 0], [0, 0, 0, 1]])
    values = np.random.default_rng(1).integers(0, 99, (6, 7, 4)).astype(np.int16)
    path.write_bytes(bad_files.nifti(values, turned))
    of = same(path, 2)
    assert of.codes.shape == (6, 7)
    assert of.lie.pitch == (1.0, 2.0), "a millimetre from row to row, two from column to column"


def test_numbers_beyond_16_bits_are_rounded_and_said_to_be() -> None:
    values = np.linspace(-1e6, 1e6, 10_000).reshape(100, 100)
    codes, slope, intercept, exact = packed(values)
    assert codes.dtype == np.uint16 and not exact
    assert np.abs(codes * slope + intercept - values).max() <= 2e6 / (CODES - 1)


@pytest.mark.parametrize(
    "values",
    [
        np.array([[-32768, 32767]], np.int16),
        np.array([[7, 7]], np.int32),
        np.array([[0.0, 3.0]], np.float32),
        np.array([[2**31, 2**31 + 9]], np.uint32),
        np.array([[255, 0]], np.uint8),
    ],
)
def test_whole_numbers_are_kept(values: NDArray[Any]) -> None:
    codes, slope, intercept, exact = packed(values)
    assert exact and (codes * slope + intercept == values).all()


def test_a_flat_picture_is_black() -> None:
    window = found_window(np.full((4, 4), 7))
    assert (apply_window(np.full((4, 4), 7), window.centre, window.width, window.shape) == 0).all()


def test_a_photograph_of_greys_has_one_channel() -> None:
    picture = np.full((3, 4, 3), 9, np.uint8)
    assert photo_view(picture).codes.shape == (3, 4)
    picture[1, 2, 0] = 8
    assert photo_view(picture).codes.shape == (3, 4, 3)


def test_what_is_no_scan_is_for_others(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bad_files.photo(bad_files.gradient(), "PNG"))
    assert read_view(attached(path), path, 0) is None


def test_a_damaged_copy_is_refused_without_its_words(tmp_path: Path) -> None:
    path = dicom(tmp_path / "a.dcm", GRADIENT, PatientName="Doe^Jane")
    file = attached(path)
    broken = tmp_path / "b.dcm"
    broken.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(IntakeError, match="cannot be shown") as refused:
        read_view(file, broken, 0)
    assert "Doe" not in str(refused.value)


def test_public_files_are_shown_as_the_reader_shows_them(shared_data: Path) -> None:
    seen = 0
    for path in sorted([*(shared_data / "dicom").iterdir(), *(shared_data / "nifti").iterdir()]):
        file = attached(path)
        if file.role in (Role.IMAGE, Role.VOLUME):
            frames = int(file.facts.get("frames") or 1)
            for index in {0, frames // 2, frames - 1}:
                same(path, index)
                seen += 1
    assert seen > 25
