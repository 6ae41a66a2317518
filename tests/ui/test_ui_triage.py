"""Bands on the worklist and the case page, and what triage only hides."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest
from ui_cases import RADIOLOGY, CaseMaker, acknowledge_all
from ui_reading import press, said
from ui_viewer import heats, places, scene, unpacked

from radiology_assistant.policy_settings import TriageSettings
from secondlook.accounts.actor import Permission, Role
from secondlook.assessments import Finding
from secondlook.errors import NotAllowed
from secondlook.evidence import LabelProbabilities, ModalityContribution, Region
from secondlook.store import clock
from secondlook_ui import images, session, shown, workplace
from secondlook_ui.serving import frames

OpenPage = Callable[..., AppTest]
PROBABILITY = 0.8317


@pytest.fixture
def bands(maker: CaseMaker) -> CaseMaker:
    """Cases of radiology wait in bands, in what makes them and in the pages."""
    domain = workplace.context().plugins.domains[RADIOLOGY]
    queue = TriageSettings().queue()
    domain.queue = lambda: queue  # type: ignore[method-assign]  # as a site would set it
    workplace.context().workspace.database.queues = {RADIOLOGY: queue}
    maker.workspace.database.queues = {RADIOLOGY: queue}
    return maker


@pytest.fixture
def triage_only(bands: CaseMaker) -> CaseMaker:
    """The mode in which people see band and flag alone."""
    workplace.context().plugins.domains[RADIOLOGY].triage_only = True
    return bands


def flagged(maker: CaseMaker) -> str:
    """An exam with a finding that has everything: probability, score, map, place, share."""
    case = maker.add("chest", domain=RADIOLOGY)
    picture = maker.picture(case)
    finding = Finding(
        label="pneumothorax",
        title="Pneumothorax",
        probability=PROBABILITY,
        score=PROBABILITY,
        threshold=0.4142,
        severity="critical",
        evidence=(
            maker.label_map(case, "pneumothorax"),
            Region(attachment=picture, left=3, top=3, width=30, height=30, score=0.7),
            ModalityContribution(modality="image", share=0.3),
        ),
    )
    answers = LabelProbabilities(
        probabilities={"pneumothorax": PROBABILITY}, possible=("pneumothorax",), coverage=0.9
    )
    maker.store(case, (finding,), (answers,), trained=True)
    return case


def row(app: AppTest) -> Any:
    """The first line of the table."""
    return app.dataframe[0].value.iloc[0]


def everything(app: AppTest) -> str:
    """All that the page sends to the browser, as one text."""
    return (
        "\n".join(str(x) for x in app.main)
        + said(app)
        + "\n".join(str(x.value) for x in app.caption)
    )


def test_the_worklist_names_band_and_reason(
    bands: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = datetime.now(UTC) - timedelta(hours=4, minutes=10)
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: came)
        bands.add("old", domain=RADIOLOGY)
    line = row(open_page())
    assert (line["Title"], line["Band"], line["Why"]) == (
        "old",
        "Critical",
        "waited 4 h 10 min, promoted",
    )


def test_the_longest_waiting_comes_first_and_no_score_orders(
    bands: CaseMaker, open_page: OpenPage
) -> None:
    for title in ("first", "second", "third"):
        bands.add(title, domain=RADIOLOGY)
    table = open_page().dataframe[0].value
    assert list(table["Title"]) == ["first", "second", "third"]
    assert set(table["Band"]) == {"Not assessed"}


def test_a_case_is_moved_with_a_reason(bands: CaseMaker, open_page: OpenPage) -> None:
    case = bands.add("chest", domain=RADIOLOGY)
    app = open_page("case", case=case)
    app.radio(key=f"band:{case}").set_value("routine").run()
    app = press(app, "prioritise")
    assert "Not moved. Tried to put case" in said(app)
    app.text_input(key=f"band-reason:{case}").set_value("old film").run()
    app = press(app, "prioritise")
    assert "Moved: routine" in said(app)
    with bands.workspace.database.read() as unit:
        (act,) = unit.priorities.of(case)
    assert (act.reviewer, act.reason) == ("Anna", "old film")


def test_a_viewer_moves_nothing(
    bands: CaseMaker, open_page: OpenPage, become: Callable[..., None]
) -> None:
    acknowledge_all(bands.workspace.home, "Vera")
    case = bands.add("chest", domain=RADIOLOGY)
    app = open_page("case", case=case)
    assert [x for x in app.radio if x.key == f"band:{case}"]
    become("Vera", Role.VIEWER)
    app = open_page("case", case=case)
    assert "chest" in said(app) and not [x for x in app.radio if x.key == f"band:{case}"]
    with pytest.raises(NotAllowed):
        session.acting(Permission.PRIORITISE, RADIOLOGY)


def test_where_there_are_no_bands_there_is_nothing_to_move(
    maker: CaseMaker, open_page: OpenPage
) -> None:
    case = maker.assessed()
    assert not [x for x in open_page("case", case=case).radio if "band" in str(x.key)]


def test_triage_only_shows_neither_finding_nor_number_nor_place(
    triage_only: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = flagged(triage_only)
    app = open_page("case", case=case)
    app = press(app, "first-look") if [x for x in app.button if x.key == "first-look"] else app
    text = everything(app)
    assert "A flag was raised" in text
    for secret in ("neumothorax", "0.83", "0.41", "robability", "0.30", "Nothing was found"):
        assert secret not in text + json.dumps(scene(app)), secret
    assert not places(app) and not heats(app) and not scene(app)["beside"]
    page = shown.read(case)
    assert (page.labels(), page.maps(triage_only.picture(case)), page.similar) == ((), (), ())


def test_the_same_case_shows_it_all_without_the_mode(bands: CaseMaker, open_page: OpenPage) -> None:
    """So that the test above can fail."""
    case = flagged(bands)
    app = press(open_page("case", case=case), "first-look")
    text = everything(app)
    assert "Pneumothorax" in text and "0.83" in text
    assert len(places(app)) == 1 and len(heats(app)) == 1


def test_the_picture_that_is_served_is_the_plain_one(
    triage_only: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = flagged(triage_only)
    app = press(open_page("case", case=case), "first-look")
    [told] = scene(app)["series"]
    assert told["base"].endswith(case) and told["slices"] == [[0, 0]]
    monkeypatch.setattr(session, "reviewer", lambda: "Anna")
    attachment = shown.read(case).case.attachments[0]
    served = frames.ask(attachment, 0).result()
    assert served is not None
    _, codes, more = unpacked(served)
    assert (codes[:, :, None] == images.read(attachment, 0)).all() and not more


def test_before_it_is_asked_for_nothing_of_the_machine_is_sent(
    bands: CaseMaker, open_page: OpenPage
) -> None:
    case = flagged(bands)
    app = open_page("case", case=case)
    assert not places(app) and not heats(app) and not scene(app)["beside"]
    assert "neumothorax" not in json.dumps(scene(app)) and str(PROBABILITY) not in everything(app)
    assert len(heats(press(app, "first-look"))) == 1


def test_triage_only_lists_band_and_flag(triage_only: CaseMaker, open_page: OpenPage) -> None:
    flagged(triage_only)
    line = row(open_page())
    assert line["First look"] == "flagged"
    assert line["Score"] is None or np.isnan(line["Score"])
    assert "neumothorax" not in json.dumps({k: str(v) for k, v in line.items()})


def test_an_exam_without_a_flag_is_not_called_normal(
    triage_only: CaseMaker, open_page: OpenPage
) -> None:
    case = triage_only.add("chest", domain=RADIOLOGY)
    triage_only.store(case, (), trained=True)
    assert row(open_page())["First look"] == "no flag"
    app = press(open_page("case", case=case), "first-look")
    assert "rules nothing out" in said(app) and "Nothing was found" not in said(app)


def test_cautions_stand_on_the_case_page_before_anything_is_revealed(
    triage_only: CaseMaker, open_page: OpenPage
) -> None:
    case = triage_only.add("chest", domain=RADIOLOGY)
    assert "Caution" not in said(open_page("case", case=case))
    unread = {"attachments_unread": 2}
    with triage_only.workspace.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE attachments SET facts = :facts"), {"facts": json.dumps(unread)}
        )
        connection.execute(
            text("UPDATE audit_heads SET signature = 'x' WHERE chain = :c"), {"c": case}
        )
    shown = said(open_page("case", case=case))
    assert "2 documents that the notes point to could not be read" in shown
    assert "The record of what was done to this case is broken" in shown
    assert row(open_page())["Why"] == "record broken"
