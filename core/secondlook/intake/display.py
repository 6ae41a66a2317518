"""Which attributes decide how one frame is shown, from the object, its frames' groups and itself."""

from collections.abc import Collection, Iterator

from pydicom import Dataset

from secondlook.intake.series_frames import items

GROUPS = (
    "PixelValueTransformationSequence",
    "FrameVOILUTSequence",
)
MODALITY = ("ModalityLUTSequence", "RescaleSlope", "RescaleIntercept")
VOI = (
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)


def display_of(header: Dataset, index: int) -> Dataset:
    """What holds for one frame when it is shown, as a flat dataset."""
    return _flat(header, index, (*MODALITY, *VOI), beside_display(header))


def units_of(header: Dataset, index: int) -> Dataset:
    """What turns the stored values of one frame into those of its modality."""
    return _flat(header, index, MODALITY)


def beside_display(header: Dataset) -> tuple[str, ...]:
    """Attributes of the object itself that are no step of showing it.

    X-ray runs may hold a table that leads back to intensity (PS3.3 C.8.7.1.1.2).
    """
    run = header.get("Modality") in ("XA", "RF")
    back = run and header.get("PixelIntensityRelationship") in ("LOG", "DISP")
    return ("ModalityLUTSequence",) if back else ()


def _flat(
    header: Dataset, index: int, tags: Collection[str], beside: Collection[str] = ()
) -> Dataset:
    """From the special to the general; what is there already holds."""
    flat = Dataset()
    for source in _scopes(header, index):
        for tag in tags:
            if tag in source and tag not in flat and not (source is header and tag in beside):
                flat[tag] = source[tag]
    return flat


def _scopes(header: Dataset, index: int) -> Iterator[Dataset]:
    """From the special to the general: the frame itself, what frames share, the dataset."""
    for name in GROUPS:
        yield from items(header, index, name)
    yield header
