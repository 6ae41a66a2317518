"""DICOM and NIfTI: the display pipeline, orientation, roles, and nobody's name."""

import gzip
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

import made_series
from secondlook.cases import Attachment, Role
from secondlook.domain import IntakeFile
from secondlook.intake.dicom import read_dicom
from secondlook.intake.dicom_header import open_header
from secondlook.intake.frames import iter_frames
from secondlook.intake.outcome import QuarantinedFile, Reason, Refused
from secondlook.intake.parse import parse_file
from secondlook.intake.pixels import read_frame, read_picture
from secondlook.intake.reader import Reader
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent))
import bad_files

RAMP = np.arange(256, dtype=np.uint16).reshape(16, 16) * 16  # 0 to 4080


def shown(folder: Path, dataset: pydicom.Dataset, index: int | None = None) -> NDArray[np.uint8]:
    """The dataset after intake, as a picture."""
    path = folder / "picture.dcm"
    path.write_bytes(bad_files.dicom_bytes(dataset))
    parsed = read_dicom(path, Limits())
    attachment = Attachment(
        sha256="0" * 64,
        name=path.name,
        media_type=parsed.media_type,
        size=1,
        role=parsed.role,
        facts=parsed.facts,
    )
    picture = (
        read_picture(attachment, path) if index is None else read_frame(attachment, path, index)
    )
    assert picture is not None
    return picture


def test_window_sets_black_and_white(tmp_path: Path) -> None:
    picture = shown(tmp_path, bad_files.dicom(RAMP, WindowCenter="2048", WindowWidth="1024"))
    below, above = RAMP < 2048 - 512, RAMP > 2048 + 512
    assert picture[below].max() == 0
    assert picture[above].min() == 255
    assert abs(int(picture[8, 0, 0]) - 128) <= 1  # the centre is the middle grey


def test_window_is_applied_after_rescale(tmp_path: Path) -> None:
    rescaled = bad_files.dicom(
        RAMP, RescaleSlope="1", RescaleIntercept="-1024", WindowCenter="1024", WindowWidth="1024"
    )
    plain = bad_files.dicom(RAMP, WindowCenter="2048", WindowWidth="1024")
    assert (shown(tmp_path, rescaled) == shown(tmp_path, plain)).all()


@pytest.mark.parametrize("modality", ["MR", "PT"])
@pytest.mark.parametrize(
    ("slope", "centre", "width"),
    [("0.001", "2048", "1024"), ("0.001", "2.048", "1.024"), ("4", "8192", "4096")],
)
def test_windows_of_mr_and_pet_are_taken_in_the_values_that_they_fit(
    modality: str, slope: str, centre: str, width: str, tmp_path: Path
) -> None:
    window = {"WindowCenter": centre, "WindowWidth": width, "VOILUTFunction": "LINEAR_EXACT"}
    rescaled = bad_files.dicom(
        RAMP, Modality=modality, RescaleSlope=slope, RescaleIntercept="0", **window
    )
    plain = bad_files.dicom(
        RAMP, WindowCenter="2048", WindowWidth="1024", VOILUTFunction="LINEAR_EXACT"
    )
    picture = shown(tmp_path, rescaled).astype(int)
    assert np.abs(picture - shown(tmp_path, plain)).max() <= 1


def test_rescale_of_a_functional_group_is_a_step_of_display(tmp_path: Path) -> None:
    transform, voi, group = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    transform.RescaleSlope, transform.RescaleIntercept = "1", "-1024"
    voi.WindowCenter, voi.WindowWidth = "1024", "1024"
    group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [transform], [voi]
    enhanced = bad_files.dicom(RAMP, Modality="MR", SharedFunctionalGroupsSequence=[group])
    plain = bad_files.dicom(RAMP, WindowCenter="2048", WindowWidth="1024")
    assert (shown(tmp_path, enhanced) == shown(tmp_path, plain)).all()


@pytest.mark.parametrize(("relation", "inverted"), [("LOG", False), ("DISP", False), ("LIN", True)])
def test_tables_back_to_intensity_are_not_shown(
    relation: str, inverted: bool, tmp_path: Path
) -> None:
    item = pydicom.Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [4096, 0, 16], "US"
    item.LUTData = np.arange(4095, -1, -1, dtype="<u2").tobytes()
    item["LUTData"].VR = "OW"
    window = {"WindowCenter": "2048", "WindowWidth": "4096"}
    run = bad_files.dicom(
        RAMP,
        Modality="XA",
        PixelIntensityRelationship=relation,
        ModalityLUTSequence=[item],
        **window,
    )
    plain = shown(tmp_path, bad_files.dicom(RAMP, **window)).astype(int)
    expected = 255 - plain if inverted else plain
    assert np.abs(shown(tmp_path, run).astype(int) - expected).max() <= 1


def test_a_rescale_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        shown(tmp_path, bad_files.dicom(RAMP, RescaleSlope="1e400", RescaleIntercept="0"))
    assert caught.value.reason is Reason.DAMAGED


def test_monochrome1_is_inverted_after_the_window(tmp_path: Path) -> None:
    window = {"WindowCenter": "1000", "WindowWidth": "500"}
    one = shown(tmp_path, bad_files.dicom(RAMP, PhotometricInterpretation="MONOCHROME1", **window))
    two = shown(tmp_path, bad_files.dicom(RAMP, **window))
    assert (one == 255 - two).all()


def test_voi_lut_goes_before_the_window(tmp_path: Path) -> None:
    item = pydicom.Dataset()
    item.LUTDescriptor = [4096, 0, 8]
    item.LUTData = bytes(np.repeat(np.arange(255, -1, -1, dtype=np.uint8), 16))
    lut = bad_files.dicom(RAMP, VOILUTSequence=[item], WindowCenter="1", WindowWidth="2")
    lut["VOILUTSequence"].value[0]["LUTData"].VR = "OW"
    assert (shown(tmp_path, lut)[..., 0] == 255 - RAMP // 16).all()


@pytest.mark.parametrize("window", [{}, {"WindowCenter": "90000", "WindowWidth": "10"}])
def test_range_of_the_picture_stands_in_for_a_window(
    tmp_path: Path, window: dict[str, str]
) -> None:
    picture = shown(tmp_path, bad_files.dicom(RAMP, **window))
    assert (picture.min(), picture.max()) == (0, 255)
    assert (np.diff(picture[:, 0, 0].astype(int)) >= 0).all()


def test_padding_does_not_stretch_the_range(tmp_path: Path) -> None:
    pixels = np.full((16, 16), 4000, np.uint16)
    pixels[4:12, 4:12] = 100 + np.arange(64).reshape(8, 8)
    dataset = bad_files.dicom(pixels, PixelPaddingValue=4000)
    assert np.ptp(shown(tmp_path, dataset)[4:12, 4:12, 0]) > 240


def test_frames_use_their_own_window(tmp_path: Path) -> None:
    groups = []
    for centre in ("500", "3000"):
        voi, group = pydicom.Dataset(), pydicom.Dataset()
        voi.WindowCenter, voi.WindowWidth = centre, "400"
        group.FrameVOILUTSequence = [voi]
        groups.append(group)
    stack = np.stack([RAMP, RAMP])
    dataset = bad_files.dicom(
        stack, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=groups, Rows=16, Columns=16
    )
    low, high = shown(tmp_path, dataset, 0), shown(tmp_path, dataset, 1)
    assert (low == 255).mean() > 0.7
    assert (high == 0).mean() > 0.6


def test_colour_is_shown_as_it_is(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    dataset = bad_files.dicom(
        RAMP,
        Rows=8,
        Columns=8,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=pixels.tobytes(),
    )
    assert (shown(tmp_path, dataset) == pixels).all()


def test_palette_is_turned_into_colour(tmp_path: Path) -> None:
    values = bytes(np.repeat(np.arange(256, dtype="<u2") * 257, 1).tobytes())
    palette = {
        f"{colour}PaletteColorLookupTable{part}": value
        for colour in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [256, 0, 16]), ("Data", values))
    }
    dataset = bad_files.dicom(
        RAMP,
        PhotometricInterpretation="PALETTE COLOR",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=bytes(range(256)),
        **palette,
    )
    assert (shown(tmp_path, dataset)[..., 1].ravel() == np.arange(256)).all()


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_pixels_are_shown_alike(tmp_path: Path, syntax: str) -> None:
    window = {"WindowCenter": "2048", "WindowWidth": "4096"}
    pixels = np.tile(RAMP, (4, 4))
    packed, plain = bad_files.dicom(pixels, **window), bad_files.dicom(pixels, **window)
    packed.compress(syntax)
    assert (shown(tmp_path, packed) == shown(tmp_path, plain)).all()


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPGExtended.dcm"])
def test_jpeg_of_12_bits_is_decoded(name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    header, _ = open_header(path)
    (frame,) = iter_frames(path, header, [0])
    assert (frame.shape, frame.max()) == ((1024, 256), 264)
    assert (frame[420, 140], frame[230, 120]) == (244, 95)  # as DCMTK decodes it


@pytest.mark.parametrize("marker", [b"\xff\xc1", b"\xff\xdb", b"\xff\xc4", b"\xff\xda"])
def test_a_broken_jpeg_of_12_bits_does_not_end_the_parser(
    marker: bytes, reader: Reader, tmp_path: Path
) -> None:
    data = Path(str(get_testdata_file("JPGExtended.dcm"))).read_bytes()
    place = data.index(marker, data.index(b"\xff\xd8\xff"))
    outcome = taken(reader, tmp_path, data[:place] + b"\x60\x2e" + data[place + 2 :])
    assert isinstance(outcome, QuarantinedFile)
    assert outcome.reason is Reason.DAMAGED


def test_deflated_dataset_is_read_and_its_size_limited(tmp_path: Path) -> None:
    dataset = bad_files.dicom(np.zeros((1000, 1000), np.uint16))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert shown(tmp_path, dataset).shape == (1000, 1000, 3)
    with pytest.raises(Refused) as caught:
        read_dicom(tmp_path / "picture.dcm", Limits(max_unpacked_bytes=10**6))
    assert caught.value.reason is Reason.UNPACKS_TOO_LARGE


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits()) as reader:
        yield reader


def taken(reader: Reader, folder: Path, data: bytes) -> IntakeFile | QuarantinedFile:
    (folder / "file").write_bytes(data)
    return reader.read(folder / "file", "file")


def test_facts_name_nobody(reader: Reader, tmp_path: Path) -> None:
    dataset = bad_files.dicom(
        Modality="CT", BodyPartExamined="CHEST", ViewPosition="NAME", NumberOfFrames=1
    )
    data = bad_files.dicom_bytes(dataset).replace(b"NAME", b"Jane")  # no code string
    outcome = taken(reader, tmp_path, data)
    assert isinstance(outcome, IntakeFile)
    facts = outcome.attachment.facts
    assert (facts["modality"], facts["body_part"], facts["rows"]) == ("CT", "CHEST", 64)
    assert len(str(facts["study"])) == 16
    assert not any(part in str(facts) for part in ("Doe", "Jane", "1.2.3.4", "view"))


def test_multi_frame_is_a_volume_and_a_report_is_kept(reader: Reader, tmp_path: Path) -> None:
    stack = bad_files.dicom(np.stack([RAMP] * 3), NumberOfFrames=3, Rows=16, Columns=16)
    report = bad_files.dicom(SOPClassUID=BasicTextSRStorage, Modality="SR")
    for name in ("PixelData", "Rows", "Columns"):
        del report[name]
    for dataset, role in ((stack, Role.VOLUME), (report, Role.OTHER)):
        outcome = taken(reader, tmp_path, bad_files.dicom_bytes(dataset))
        assert isinstance(outcome, IntakeFile)
        assert outcome.attachment.role is role


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"Rows": 65535, "Columns": 65535}, Reason.TOO_MANY_PIXELS),
        ({"NumberOfFrames": 50_000}, Reason.TOO_MANY_PIXELS),
        ({"PixelData": bytes(100)}, Reason.TRUNCATED),
        ({"Rows": 0}, Reason.DAMAGED),
    ],
)
def test_wrong_headers_are_named(
    values: dict[str, Any], reason: Reason, reader: Reader, tmp_path: Path
) -> None:
    outcome = taken(reader, tmp_path, bad_files.dicom_bytes(bad_files.dicom(**values)))
    assert isinstance(outcome, QuarantinedFile)
    assert outcome.reason is reason


PHANTOM = np.zeros((20, 30, 10), np.float32)
PHANTOM[:10, 15:, :] = 100  # left front quarter in RAS: x grows to the right, y to the front


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (1, 0, 2)])
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1), (-1, -1, 1)])
def test_volume_is_hung_alike_whatever_way_it_is_stored(
    order: tuple[int, ...], signs: tuple[int, ...], reader: Reader, tmp_path: Path
) -> None:
    values, affine = PHANTOM, np.eye(4)
    for axis, sign in enumerate(signs):
        if sign < 0:
            values = np.flip(values, axis)
            affine[axis] *= -1
            affine[axis, 3] = PHANTOM.shape[axis] - 1
    affine[:, :3] = affine[:, list(order)]
    data = gzip.compress(bad_files.nifti(values.transpose(order), affine))
    outcome = taken(reader, tmp_path, data)
    assert isinstance(outcome, IntakeFile)
    assert outcome.attachment.facts["frames"] == 10
    picture = read_picture(outcome.attachment, outcome.path)
    assert picture is not None
    assert picture.shape == (30, 20, 3)
    assert picture[:15, 10:].min() == 255  # front on top, the left side on the right
    assert picture[15:].max() == picture[:15, :10].max() == 0


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1), (6, 7, 8, 3), (6, 7, 8, 1, 2)])
def test_volume_of_any_axes_is_shown(
    shape: tuple[int, ...], reader: Reader, tmp_path: Path
) -> None:
    outcome = taken(reader, tmp_path, bad_files.nifti(np.ones(shape, np.int16)))
    assert isinstance(outcome, IntakeFile), outcome
    picture = read_picture(outcome.attachment, outcome.path)
    assert picture is not None
    assert picture.shape == (7, 6, 3)


def test_wrong_volumes_are_named(reader: Reader, tmp_path: Path) -> None:
    whole = bad_files.nifti(np.ones((20, 20, 20), np.float32))
    huge = bytearray(whole)
    huge[42:48] = np.array([30_000] * 3, "<i2").tobytes()
    turned = bytearray(whole)
    turned[280:284] = np.float32(np.nan).tobytes()
    flat = bytearray(whole)
    flat[296:312] = flat[280:296]  # the second axis runs along the first
    for data, reason in (
        (whole[:-9], Reason.TRUNCATED),
        (gzip.compress(whole)[:-20], Reason.TRUNCATED),
        (bytes(huge), Reason.TOO_MANY_PIXELS),
        (bytes(turned), Reason.NOT_FINITE),
        (bytes(flat), Reason.DAMAGED),
        (gzip.compress(whole + bytes(150 * 2**20), 1), Reason.UNPACKS_TOO_LARGE),
    ):
        outcome = taken(reader, tmp_path, data)
        assert isinstance(outcome, QuarantinedFile)
        assert outcome.reason is reason


@pytest.mark.parametrize("slope", ["1E38", "-1E300"])
def test_a_rescale_that_makes_values_infinite_is_put_aside(tmp_path: Path, slope: str) -> None:
    path = tmp_path / "scan.dcm"
    made_series.write_slice(path, made_series.AXIAL, 20.0, RescaleSlope=slope)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as the parsing process does
        answer = parse_file(path, path.name, Limits())
    assert isinstance(answer, tuple)
    assert answer[0] is Reason.DAMAGED


@pytest.mark.parametrize("slope, intercept", [(1.0, np.nan), (3e38, 0.0), (1.0, np.inf)])
def test_a_scale_that_is_not_finite_is_put_aside(
    tmp_path: Path, slope: float, intercept: float
) -> None:
    content = bytearray(bad_files.nifti(np.ones((6, 7, 8), np.int16)))
    content[112:120] = np.array([slope, intercept], np.float32).tobytes()
    path = tmp_path / "scan.nii"
    path.write_bytes(content)
    answer = parse_file(path, path.name, Limits())
    assert isinstance(answer, tuple)
    assert answer[0] is Reason.NOT_FINITE


def test_an_element_that_claims_more_than_the_file_has_is_no_header(
    reader: Reader, tmp_path: Path
) -> None:
    """Long elements are not read at once: pydicom took the rest of the file for this one."""
    whole = bad_files.dicom_bytes(bad_files.dicom())
    at = whole.index(b"\x10\x00\x10\x00")
    for length in (2**23, 0xFFFFFFF0):
        claim = b"\x10\x00\x20\x40UN\0\0" + length.to_bytes(4, "little")
        path = tmp_path / "claim.dcm"
        path.write_bytes(whole[:at] + claim + whole[at:])
        outcome = reader.read(path, path.name)
        assert isinstance(outcome, QuarantinedFile)
        assert outcome.reason is Reason.TRUNCATED
