"""No two buttons share a key, and none has one that Streamlit refuses."""

import re
from pathlib import Path

import secondlook_ui
from secondlook_ui import shortcuts

SOURCES = sorted(Path(secondlook_ui.__file__).parent.rglob("*.py"))
VIEWER = Path(secondlook_ui.__file__).parent / "viewer" / "web"
DOCS = Path(__file__).parents[2] / "docs" / "viewer.md"


def test_every_key_is_single_unique_and_allowed() -> None:
    keys = [*shortcuts.ALL, *(x for x in shortcuts.for_dispositions(12) if x)]
    pictures = [key for key, _ in shortcuts.PICTURE.values()]
    assert len({x.lower() for x in [*keys, *pictures]}) == len(keys) + len(pictures)
    assert not {"C", "R", "Shift+C", "Shift+R"} & {*keys, *pictures}
    assert all(re.fullmatch("(Shift[+])?[A-Z0-9]", x) for x in keys)


def test_keys_of_pages_without_a_case_mean_nothing_elsewhere() -> None:
    taken = {x.lower() for x in shortcuts.ALL}
    taken |= {key.lower() for key, _ in shortcuts.PICTURE.values()}
    further = [x.lower() for x in shortcuts.FURTHER]
    assert len({*further}) == len(further)
    assert not taken & {*further}
    assert all(re.fullmatch("Shift\\+[A-BD-QS-Z]", x) for x in shortcuts.FURTHER)


def test_the_picture_knows_every_act_that_has_a_key() -> None:
    source = (VIEWER / "viewer.js").read_text()
    acts = source[source.index("const ACTS") :]
    known = set(re.findall(r"^  (\w+): \(v", acts, re.MULTILINE))
    assert set(shortcuts.PICTURE) == known - {"tool", "heat"}


def test_the_docs_name_every_key_of_the_picture() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    assert rows == [*shortcuts.PICTURE.values()]


def test_a_tenth_disposition_has_no_key() -> None:
    assert shortcuts.for_dispositions(10)[-2:] == ("9", None)


def test_buttons_take_their_keys_from_here() -> None:
    for source in SOURCES:
        for found in re.findall(r"shortcut=([^,)\n]+)", source.read_text()):
            assert found.startswith("shortcuts.") or found == "key", f"{source.name}: {found}"


def test_markdown_that_runs_html_is_nowhere() -> None:
    for source in SOURCES:
        assert "unsafe_allow" not in source.read_text(), source.name
