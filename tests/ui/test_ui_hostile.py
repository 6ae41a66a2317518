"""Text from outside reaches the browser only through elements that neither render nor fetch."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block
from ui_cases import CaseMaker
from ui_reading import decide, press, said, stay

from secondlook.assessments import Abstention, Flag
from secondlook.errors import StoreError
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.plugins import PluginFailure
from secondlook_ui import workplace
from secondlook_workflows import decide as verb

OpenPage = Callable[..., AppTest]
MARK = "zqx"
EVIL = (
    f"![{MARK}](https://evil.example/{MARK}.png) <img src=x onerror=alert(1)> "
    f"<script>alert(1)</script> [{MARK}](javascript:alert(1)) :red[{MARK}] $x$"
)
PLAIN = {"Text", "Code", "Json"}
FIELDS = {"TextInput", "TextArea"}
"""What stands in a field is its value; its label is checked like any other."""


def elements(node: Any) -> Iterator[Any]:
    """Every element below a node of the page, blocks with labels included."""
    yield node
    if isinstance(node, Block):
        for child in node.children.values():
            yield from elements(child)


def check(app: AppTest) -> None:
    """No element that renders markdown or HTML holds the text."""
    assert not app.exception
    held = 0
    for element in elements(app._tree):
        kind, proto = type(element).__name__, getattr(element, "proto", None)
        if kind == "Dataframe":
            held += MARK in element.value.to_string()
        elif getattr(element, "type", "") == "bidi_component":
            held += MARK in str(proto)  # as data; test_viewer_browser shows that it stays text
        elif kind in PLAIN:
            held += MARK in str(element.value)
        elif kind in FIELDS:
            assert MARK not in element.label
        else:
            assert MARK not in str(proto), f"{kind} renders text from outside"
    assert held, "the page does not show the text at all: nothing was tested"


@pytest.fixture
def hostile(maker: CaseMaker) -> str:
    """A case whose every text is hostile."""
    case = maker.add(EVIL, clause=EVIL, name=EVIL)
    maker.look(
        case,
        found=EVIL,
        abstention=Abstention(part="image", reason=MARK, message=EVIL),
        flags=(Flag(code="x", message=EVIL),),
        adapter=EVIL,
    )
    return case


def test_the_worklist(hostile: str, open_page: OpenPage) -> None:
    check(open_page())


def test_a_failed_case_in_the_worklist(maker: CaseMaker, open_page: OpenPage) -> None:
    case = maker.add()
    with maker.workspace.database.write() as unit:
        unit.assessments.fail(case, EVIL, actor="test")
        unit.commit()
    check(open_page())


def test_the_case_page(hostile: str, open_page: OpenPage) -> None:
    check(open_page("case", case=hostile))


def test_a_similar_case(maker: CaseMaker, hostile: str, open_page: OpenPage) -> None:
    other = maker.decided(EVIL, disposition=EVIL, name=EVIL)
    for case in (hostile, other):
        maker.vector(case, 1, 0)
    app = open_page("case", case=hostile)
    assert [x for x in app.button if x.key == f"alike:{other}"]
    check(app)
    check(stay(press(app, f"alike:{other}"), "case"))


def test_a_decision_with_its_reason_and_reviewer(
    maker: CaseMaker, hostile: str, open_page: OpenPage, become: Callable[..., None]
) -> None:
    become(EVIL[:80])
    app = open_page("case", case=hostile)
    app.text_area[0].set_value(EVIL).run()
    check(app)
    check(stay(decide(app, "accept"), "worklist"))
    check(open_page("case", case=hostile))


def test_an_address(maker: CaseMaker, open_page: OpenPage) -> None:
    app = open_page("case", case=EVIL)
    assert "no such case" in said(app)
    assert not [x for x in elements(app._tree) if MARK in str(getattr(x, "proto", ""))]


def test_an_error(hostile: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("case", case=hostile)

    def refuse(*_: object) -> None:
        raise StoreError(EVIL)

    monkeypatch.setattr(verb, "run", refuse)
    app = decide(app, "accept")
    check(app)
    assert f"Not saved. {EVIL}" in said(app)


def test_plugins_and_quarantine(
    maker: CaseMaker, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with maker.workspace.database.write() as unit:
        unit.quarantine.add(QuarantinedFile(EVIL, Reason.DAMAGED, EVIL), domain=MARK)
        unit.commit()
    failure = PluginFailure(EVIL, EVIL, EVIL)
    monkeypatch.setattr(workplace.context().plugins, "failures", [failure])
    check(open_page("about"))
