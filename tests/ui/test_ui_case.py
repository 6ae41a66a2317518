"""The case page shows the picture, and says what the machine found and did not judge."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest
from ui_cases import RADIOLOGY, CaseMaker
from ui_reading import hold_as, keys, press, said
from ui_viewer import heats, places, scene

from secondlook.assessments import Abstention, Flag
from secondlook.cases import Attachment, Role
from secondlook.domain import Panel
from secondlook_ui import session, shown
from secondlook_ui.serving import frames

OpenPage = Callable[..., AppTest]


def test_a_finding_stands_with_score_threshold_and_clause(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    text = said(open_page("case", case=maker.assessed(score=3.0)))
    assert "Anomaly (major)" in text
    assert "score 3, raised from 2 on (1.5 times); place 1" in text
    assert "4.2 A pore wider than 1 mm" in text
    assert "manual of plate.png, page 7, line 1" in text
    assert "Recommended: Hold" in text


def test_a_score_is_never_called_a_probability(maker: CaseMaker, open_page: OpenPage) -> None:
    app = open_page("case", case=maker.assessed())
    words = said(app) + "".join(str(x.value) for x in [*app.markdown, *app.caption])
    assert "probab" not in words and "%" not in said(app)


def test_untrained_weights_are_named_where_the_score_stands(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    text = said(open_page("case", case=maker.assessed()))
    assert "from an untrained backbone (toy)" in text
    assert "UNTRAINED: random weights" in text


def test_trained_weights_get_no_such_remark(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    maker.look(case, trained=True)
    assert "ntrained" not in said(open_page("case", case=case)).replace(", trained", "")


def test_an_abstention_comes_first(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    refusal = Abstention(part="image", reason="no_adapter", message="No adapter fits.")
    maker.look(case, found=None, abstention=refusal, flags=(Flag(code="x", message="Be wary."),))
    text = said(open_page("case", case=case))
    assert text.index("Not judged: No adapter fits.") < text.index("Caution: Be wary.")
    assert "Nothing was found" not in text


def test_a_clean_part_says_how_near_it_came(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    maker.look(case, found=None, score=1.0)
    app = open_page("case", case=case)
    assert "Nothing was found." in said(app)
    assert any("threshold is not known" in x.value for x in app.caption)  # no adapter, no scale


def test_a_case_without_a_first_look_says_so(maker: CaseMaker, open_page: OpenPage) -> None:
    assert "no first look" in said(open_page("case", case=maker.add()))


def test_an_id_is_found_by_its_beginning(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.assessed("holed")
    assert "holed" in said(open_page("case", case=case[:10]))


def test_an_unknown_case_is_one_clear_sentence(maker: CaseMaker, open_page: OpenPage) -> None:
    app = open_page("case", case="abcd")
    assert shown.UNKNOWN in said(app)
    assert not app.exception


def test_without_a_case_the_page_leads_to_the_worklist(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    assert "to-worklist" in keys(open_page("case"))


def test_what_somebody_else_holds_can_be_read_but_not_decided(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    hold_as(maker.workspace, case, "Bert")
    app = open_page("case", case=case)
    assert "Bert holds it until" in said(app)
    assert "Anomaly (major)" in said(app)
    assert not [x for x in keys(app) if x.startswith("decide:")]


def test_an_image_first_domain_hides_the_first_look(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed(domain=RADIOLOGY)
    domain = session.context().plugins.domains[RADIOLOGY]
    monkeypatch.setattr(domain, "image_first", True, raising=False)
    app = open_page("case", case=case)
    assert "Anomaly" not in said(app)
    assert not places(app) and not heats(app)
    assert "Anomaly (major)" in said(press(app, "first-look"))


def test_files_that_are_no_pictures_are_listed_with_the_reason(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    other = Attachment(
        sha256="e" * 64, name="report.dcm", media_type="application/dicom", size=9, role=Role.OTHER
    )
    text = said(open_page("case", case=maker.add(extra=(other,))))
    assert "report.dcm · application/dicom · 0 KiB · not shown as a picture: kept with" in text


def test_a_picture_that_cannot_be_read_says_why(maker: CaseMaker, open_page: OpenPage) -> None:
    sha256 = maker.workspace.blobs.put_bytes(b"no picture at all")
    broken = Attachment(
        sha256=sha256, name="second.png", media_type="image/png", size=17, role=Role.IMAGE
    )
    case = maker.add(extra=(broken,))
    app = open_page("case", case=case)
    assert [x["title"] for x in scene(app)["series"]] == ["plate.png", "second.png"]
    with pytest.raises(frames.CannotBeShown, match="^This file cannot be shown: "):
        frames.ask(broken, 0).result()
    assert not app.exception


def test_slices_are_seen_from_the_middle(maker: CaseMaker, open_page: OpenPage) -> None:
    volume = maker.volume(slices=9)
    case = maker.add(extra=(volume,))
    stack = scene(open_page("case", case=case))["series"][1]
    assert stack["slices"] == [[1, x] for x in range(9)] and stack["start"] == 4
    for frame in (0, 8):
        assert frames.ask(volume, frame).result()


def test_panels_of_the_domain_are_drawn(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    domain = session.context().plugins.domains["defect-inspector"]
    panel = Panel(title="Lot", rows=(("Furnace", "7"),))
    monkeypatch.setattr(domain, "panels", lambda case: (panel,))
    assert "Furnace: 7" in said(open_page("case", case=case))


def test_a_panel_that_breaks_does_not_hide_the_case(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = maker.assessed()
    domain = session.context().plugins.domains["defect-inspector"]
    monkeypatch.setattr(domain, "panels", lambda case: 1 / 0)
    text = said(open_page("case", case=case))
    assert "failed to add its panel" in text and "Anomaly (major)" in text


def test_an_error_that_is_not_ours_never_shows_its_words(
    maker: CaseMaker,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    case = maker.assessed()

    quoted = "Mrs " + "Example"

    def broken(*_: object) -> None:
        raise ValueError(quoted)

    monkeypatch.setattr("secondlook_ui.case.look.revealed", broken)
    app = open_page("case", case=case)
    assert "This page broke" in app.error[0].value
    assert not app.exception
    assert quoted not in said(app) + caplog.text
    assert "ValueError" in caplog.text
