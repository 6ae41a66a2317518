"""What a page says, for assertions."""

from typing import Any

from streamlit.testing.v1 import AppTest

from secondlook.cases import Case
from secondlook.decisions import Decision
from secondlook.workspace import Workspace


def said(app: AppTest) -> str:
    """Every `st.text` of the page, one a line."""
    return "\n".join(str(x.value) for x in app.text)


def keys(app: AppTest) -> list[str]:
    """The keys of all buttons."""
    return [x.key for x in app.button if x.key]


def press(app: AppTest, key: str) -> AppTest:
    """Press the button whose key begins so, and draw again."""
    [button] = [x for x in app.button if x.key and x.key.startswith(key)]
    return button.click().run()


def stay(app: AppTest, page: str) -> AppTest:
    """Draw the page on which the app is now: AppTest does not follow a switch of pages."""
    app._page_hash = app.session_state["pages"][page]._script_hash
    return app.run()


def decide(app: AppTest, disposition: str) -> AppTest:
    """Press the button of a disposition."""
    [button] = [x for x in app.button if x.key and x.key.endswith(f":{disposition}")]
    return button.click().run()


def stored(workspace: Workspace, case_id: str) -> tuple[Case, tuple[Decision, ...]]:
    """The case and its decisions as they stand in the database."""
    with workspace.database.read() as unit:
        return unit.cases.get(case_id), unit.decisions.of(case_id)


def hold_as(workspace: Workspace, case_id: str, reviewer: str) -> None:
    """Let somebody else hold a case."""
    with workspace.database.write() as unit:
        unit.leases.claim(case_id, reviewer, minutes=15)
        unit.commit()


def expire_leases(workspace: Workspace, case_id: str, reviewer: str) -> None:
    """End a lease as if its time had passed."""
    with workspace.database.write() as unit:
        lease = unit.leases.claim(case_id, reviewer, minutes=15)
        unit.leases.release(lease)
        unit.commit()


def reason_field(app: AppTest, case: str) -> Any:
    """The field of the reason."""
    return next(x for x in app.text_area if str(x.key).startswith(f"reason:{case}:"))


def view(app: AppTest, case: str) -> Any:
    """Agree or reject, of the one finding."""
    return next(x for x in app.segmented_control if str(x.key).startswith(f"act:{case}:"))


def write_reason(app: AppTest, case: str, text: str) -> None:
    """Type a reason and leave the field."""
    reason_field(app, case).set_value(text).run()
