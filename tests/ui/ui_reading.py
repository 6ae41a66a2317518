"""What a page says, for assertions."""

from dataclasses import dataclass
from typing import Any

from streamlit.testing.v1 import AppTest
from ui_viewer import scenes

from secondlook.cases import Case
from secondlook.decisions import Act, Decision
from secondlook.workspace import Workspace


def said(app: AppTest) -> str:
    """Every `st.text` of the page, one a line, and what the viewer calls the case."""
    called = [x[part] for x in scenes(app) for part in ("name", "facts")]
    return "\n".join([*called, *(str(x.value) for x in app.text)])


def keys(app: AppTest) -> list[str]:
    """The keys of all buttons."""
    return [x.key for x in app.button if x.key]


def press(app: AppTest, key: str, end: str = "") -> AppTest:
    """Press the button whose key begins, and ends, so; and draw again."""
    [button] = [x for x in app.button if x.key and x.key.startswith(key) and x.key.endswith(end)]
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


@dataclass(frozen=True)
class View:
    """The buttons of the one finding."""

    app: AppTest
    case: str

    @property
    def value(self) -> Act | None:
        """What was said of it: the button with the tick."""
        ticked = [x for x in self._buttons() if x.proto.icon]
        return Act(str(ticked[0].key).rpartition(":")[2]) if ticked else None

    def set_value(self, act: Act) -> AppTest:
        """Press the button; then `run`."""
        [button] = [x for x in self._buttons() if str(x.key).endswith(f":{act}")]
        button.click()
        return self.app

    def _buttons(self) -> list[Any]:
        return [x for x in self.app.button if str(x.key).startswith(f"act:{self.case}:")]


def view(app: AppTest, case: str) -> View:
    """What is said of the one finding."""
    found = View(app, case)
    assert found._buttons()
    return found


def write_reason(app: AppTest, case: str, text: str) -> None:
    """Type a reason and leave the field."""
    reason_field(app, case).set_value(text).run()
