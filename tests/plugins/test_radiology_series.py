"""Exams from series: slices in order, series that are no volume said, kept files named."""

from case_files import CaseFiles, account, case_of

from radiology_assistant.domain import RadiologyAssistant
from radiology_assistant.series_panel import series_panel
from secondlook import Attachment, CaseSource, Role
from secondlook.cases import Scalar

FILES = CaseFiles(RadiologyAssistant())
AXIAL: dict[str, Scalar] = {
    "study": "5" * 16,
    "series": "6" * 16,
    "modality": "CT",
    "orientation": "1 0 0 0 1 0",
    "plane": "axial",
}


def slice_at(position: float) -> Attachment:
    return FILES.attachment(f"{position}.dcm", position=position, **AXIAL)


def test_slices_of_an_exam_stand_in_the_order_in_which_they_lie() -> None:
    files = [FILES.picture(f"{z}.dcm", position=z, **AXIAL) for z in (10.0, 0.0, 5.0)]
    report = FILES.picture("a.dcm", role=Role.OTHER, study="5" * 16, modality="SR")
    (exam,), _ = account(FILES.domain, CaseSource(files=(report, *files)))
    names = [x.name for x in exam.case.attachments]
    assert names == ["0.0.dcm", "5.0.dcm", "10.0.dcm", "a.dcm"]
    assert exam.case.title == "CT study 55555555"


def test_a_file_of_no_exam_says_what_it_is() -> None:
    directory = FILES.picture("DICOMDIR", role=Role.OTHER, not_assessed="directory")
    _, (unused,) = account(FILES.domain, CaseSource(files=(directory,)))
    assert unused.reason.endswith("belongs to no study (directory)")


def test_the_panel_says_what_is_no_volume() -> None:
    even = series_panel(case_of(FILES.domain, [slice_at(z) for z in (0.0, 5.0, 10.0)]))
    uneven = series_panel(case_of(FILES.domain, [slice_at(z) for z in (0.0, 202.5, 203.75)]))
    assert even is not None
    assert uneven is not None
    assert even.rows == (("axial CT, 3 slices", "5 mm apart."),)
    ((name, state),) = uneven.rows
    assert name == "axial CT, 3 slices"
    assert "No volume to rely on: its slices do not lie at even distances" in state


def test_the_panel_names_what_is_kept_and_is_left_out_where_there_is_nothing_to_say() -> None:
    dose = FILES.attachment("dose.dcm", Role.OTHER, not_assessed="radiotherapy")
    panel = series_panel(case_of(FILES.domain, [FILES.attachment("a.png"), dose]))
    assert panel is not None
    assert panel.rows == (("dose.dcm", "Kept, not assessed: radiotherapy."),)
    assert series_panel(case_of(FILES.domain, [FILES.attachment("a.png")])) is None
