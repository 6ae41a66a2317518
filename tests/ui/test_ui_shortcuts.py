"""No two buttons share a key, and none has one that Streamlit refuses."""

import re
from pathlib import Path

import secondlook_ui
from secondlook_ui import shortcuts

SOURCES = sorted(Path(secondlook_ui.__file__).parent.glob("*.py"))


def test_every_key_is_single_unique_and_allowed() -> None:
    keys = [*shortcuts.ALL, *(x for x in shortcuts.for_dispositions(12) if x)]
    assert len(set(keys)) == len(keys)
    assert not {"C", "R"} & set(keys)
    assert all(re.fullmatch("[A-Z0-9]", x) for x in keys)


def test_a_tenth_disposition_has_no_key() -> None:
    assert shortcuts.for_dispositions(10)[-2:] == ("9", None)


def test_buttons_take_their_keys_from_here() -> None:
    for source in SOURCES:
        for found in re.findall(r"shortcut=([^,)\n]+)", source.read_text()):
            assert found.startswith("shortcuts.") or found == "key", f"{source.name}: {found}"


def test_markdown_that_runs_html_is_nowhere() -> None:
    for source in SOURCES:
        assert "unsafe_allow" not in source.read_text(), source.name
