"""Every route for everybody: who gets what, as a table. A new route without an entry fails."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from ui_cases import CaseMaker
from ui_people import ENDS, signed_in
from ui_server import COOKIE, Server
from ui_web import Answer, Browser

from secondlook.accounts import tokens
from secondlook.accounts.actor import Role
from secondlook.store.account_tables import How
from secondlook.workspace import Workspace
from secondlook_ui.serving.pixels import TILE, WHOLE

LIST = """
import json
from secondlook.workspace import init_workspace, default_home
from secondlook_ui import server
from secondlook_ui.serving.hosts import Hosts
init_workspace(default_home())
server.configure(8501)
app = server.application(Hosts())._build_starlette_app()
print(json.dumps([[r.path, sorted(getattr(r, "methods", None) or [])] for r in app.routes]))
"""
EVERYBODY, SIGNED_IN, HALF, NEVER = "everybody", "signed in", "signed in or half", "never"
STREAM = "/_stcore/stream"
PRELIGHT = {"OPTIONS": 204}
LOOKED = {"GET": 200, "HEAD": 200}
ANYTHING = dict.fromkeys(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"), 404)
GONE = {"GET": 404, "HEAD": 404}
NOTHING = {"GET": 404, "HEAD": 405, "POST": 405}
"""Of routes that refuse methods themselves."""
TABLE: dict[str, tuple[str, str, dict[str, int]]] = {
    "/sl/health": (EVERYBODY, "/sl/health", LOOKED),
    "/sl/active": (SIGNED_IN, "/sl/active", {"POST": 204}),
    "/sign-in": (EVERYBODY, "/sign-in", LOOKED | {"POST": 415}),
    "/sign-in/link": (EVERYBODY, "/sign-in/link?token=x", LOOKED | {"POST": 415}),
    "/sign-in/provider": (NEVER, "/sign-in/provider", GONE),
    "/sign-out": (EVERYBODY, "/sign-out", {"POST": 415}),
    "/set-up": (EVERYBODY, "/set-up?token=x", {"GET": 410, "HEAD": 410, "POST": 415}),
    "/passphrase": (HALF, "/passphrase", LOOKED | {"POST": 415}),
    "/worklist": (SIGNED_IN, "/worklist?show=all", {"GET": 303, "HEAD": 303}),
    WHOLE: (SIGNED_IN, "/sl/pixels/0/0/0", NOTHING),
    TILE: (SIGNED_IN, "/sl/pixels/0/0/0/0/0/0", NOTHING),
    "/_stcore/health": (SIGNED_IN, "/_stcore/health", LOOKED | PRELIGHT),
    "/_stcore/metrics": (NEVER, "/_stcore/metrics", GONE | {"OPTIONS": 404}),
    "/_stcore/host-config": (SIGNED_IN, "/_stcore/host-config", LOOKED),
    "/media/{file_id:path}": (SIGNED_IN, "/media/0123.png", GONE | PRELIGHT),
    "/_stcore/upload_file/{session_id}/{file_id}": (
        SIGNED_IN,
        "/_stcore/upload_file/a/b",
        {"PUT": 403, "DELETE": 403} | PRELIGHT,
    ),
    "/component/{path:path}": (SIGNED_IN, "/component/x/index.html", GONE | PRELIGHT),
    "/_stcore/bidi-components/{path:path}": (
        SIGNED_IN,
        "/_stcore/bidi-components/x/y.js",
        GONE | PRELIGHT,
    ),
    STREAM: (SIGNED_IN, STREAM, {}),
    "/auth/login": (NEVER, "/auth/login", GONE),
    "/auth/logout": (NEVER, "/auth/logout", GONE),
    "/oauth2callback": (NEVER, "/oauth2callback?code=x&state=y", GONE),
    "/_stcore/agent/interact": (NEVER, "/_stcore/agent/interact", ANYTHING),
    "/_stcore/agent/openapi.json": (NEVER, "/_stcore/agent/openapi.json", ANYTHING),
    "/_stcore/agent/mcp": (NEVER, "/_stcore/agent/mcp", ANYTHING),
    "": (SIGNED_IN, "/case?case=0", {}),
}
"""Path as it is registered: who gets past the gate, an address of it, what it answers by method."""
FILES = ("/", "/index.html", "/favicon.png", "/nowhere/at/all", "/dashboard", "/case?case=0")
"""Addresses under the last entry, which is Streamlit's own files."""
ROLES = (*(role.value for role in Role), "no role")
EVERYONE = (*ROLES, "half", "nobody", "signed out", "disabled", "forged")
OUTSIDE = ("nobody", "signed out", "disabled", "forged")


@pytest.fixture(scope="module")
def people(server: Server, shared_maker: CaseMaker) -> dict[str, Browser]:
    """A browser for everybody: by role, and those whose session is none, or not any more."""
    workspace = shared_maker.workspace
    given = {role.value: signed_in(workspace, f"a {role}", role) for role in Role}
    given |= {x: signed_in(workspace, x, None) for x in ("no role", "signed out", "disabled")}
    given |= {"half": newcomer(workspace), "forged": tokens.new()}
    with workspace.database.write() as unit:
        unit.sessions.end(tokens.digest(given["signed out"]))
        unit.users.disable("disabled", by="test")
        unit.commit()
    browsers = {x: Browser(server.port, {f"{COOKIE}-{server.port}": y}) for x, y in given.items()}
    return browsers | {"nobody": Browser(server.port)}


def newcomer(workspace: Workspace) -> str:
    """Somebody who came in by a one-time passphrase, and has not changed it."""
    with workspace.database.write() as unit:
        unit.users.ensure("half")
        unit.users.grant("half", Role.OWNER, by="test")
        until = datetime(2100, 1, 1, tzinfo=UTC)
        unit.sign_ins.keep_passphrase("half", "hash", by="test", one_time_until=until)
        token = unit.sessions.begin("half", How.PASSPHRASE, **ENDS)
        unit.commit()
    return token


def passes(access: str, who: str) -> bool:
    """Whether the gate lets somebody through."""
    if access == EVERYBODY:
        return True
    return who not in OUTSIDE and (who != "half" or access == HALF)


def test_the_table_names_every_route_and_method() -> None:
    done = subprocess.run([sys.executable, "-c", LIST], capture_output=True, text=True, check=True)
    found: dict[str, set[str]] = {}
    for path, methods in json.loads(done.stdout):
        found.setdefault(path, set()).update(methods)
    named = {x: set() if y is NOTHING else set(y) for x, (_, _, y) in TABLE.items()}
    assert found == named


@pytest.mark.parametrize("who", EVERYONE)
def test_what_is_asked_for_by_a_page(people: dict[str, Browser], who: str) -> None:
    """Fetches: 401 for nobody, 403 while a passphrase must be changed, else the route's answer."""
    wrong = {}
    for access, address, answers in TABLE.values():
        for method, status in answers.items():
            expected = status
            if access != NEVER and not passes(access, who):
                expected = 403 if who == "half" else 401
            answer = people[who].send(method, address)
            led_on = address == "/sign-in" and method != "POST" and who not in OUTSIDE
            if answer.status != (303 if led_on else expected):
                wrong[method, address] = answer.status
    assert wrong == {}


def test_the_first_page_is_found_by_its_name(people: dict[str, Browser]) -> None:
    answer = people["viewer"].page("/worklist?show=all&search=a%20b")
    assert (answer.status, answer.location) == (303, "/?show=all&search=a%20b")


@pytest.mark.parametrize("who", EVERYONE)
def test_what_somebody_opens(people: dict[str, Browser], who: str) -> None:
    """Pages: nobody is led to the sign-in page and back, half of somebody to their passphrase."""
    for address in FILES:
        answer = people[who].page(address)
        if who == "half":
            assert (answer.status, answer.location) == (303, "/passphrase")
        elif who in OUTSIDE:
            back = address.replace("/", "%2F").replace("?", "%3F").replace("=", "%3D")
            assert (answer.status, answer.location) == (303, f"/sign-in?next={back}")
        else:
            assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("who", EVERYONE)
def test_who_gets_a_websocket(people: dict[str, Browser], who: str) -> None:
    browser = people[who]
    assert browser.socket() == (101 if passes(SIGNED_IN, who) else 403)
    assert browser.socket(Origin=None) == 403, "browsers always say where they come from"
    assert browser.socket(Origin="https://evil.example") == 403
    assert browser.socket(Host="evil.example") == 403


def test_a_cookie_of_another_server_or_host_is_none(server: Server) -> None:
    for name in ("secondlook", f"{COOKIE}-1", "__Host-secondlook"):
        assert Browser(server.port, {name: server.token}).send("GET", "/media/x").status == 401
    assert Browser(server.port, {f"{COOKIE}-{server.port}": server.token}).page("/").status == 200


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1"])
def test_nothing_is_changed_from_elsewhere(people: dict[str, Browser], origin: str | None) -> None:
    for path in ("/sign-in", "/sign-out", "/passphrase", "/set-up", "/sl/active"):
        answer = people["owner"].form(path, {"name": "a"}, Origin=origin)
        assert answer.status == 421, path
    assert people["owner"].page("/").status == 200


def test_a_link_from_elsewhere_finds_the_session(people: dict[str, Browser]) -> None:
    """The browser keeps a strict cookie back then; the page that is sent leads here again."""
    answer = people["nobody"].page("/case?case=0&x=%3Cb%3E", Sec_Fetch_Site="cross-site")
    assert answer.status == 200
    assert re.search(r'content="0; url=/case\?case=0&amp;x=%3Cb%3E"', answer.text)
    away = people["nobody"].page("//evil.example/x", Sec_Fetch_Site="cross-site")
    assert 'url=/"' in away.text and "evil" not in away.text, "to no other host"
    fetched = people["nobody"].send("GET", "/media/x", Sec_Fetch_Site="cross-site")
    assert fetched.status == 401


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content_Type": "application/json"}, "{}", 415),
        ({"Content_Type": "text/plain"}, "name=a", 415),
        ({}, "name=" + "a" * 20_000, 413),
        ({}, "&".join(f"f{x}=1" for x in range(50)), 400),
        ({}, "name=\u00fc", 400),
    ],
)
def test_only_small_forms_are_read(
    people: dict[str, Browser], headers: dict[str, str], body: str, status: int
) -> None:
    given = {"Content_Type": "application/x-www-form-urlencoded"} | headers
    answer: Answer = people["nobody"].send("POST", "/sign-in", body.encode(), **given)  # type: ignore[arg-type]
    assert answer.status == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/", "/media/x", "/sl/health", "/nowhere"])
def test_every_answer_holds_pages_in(people: dict[str, Browser], path: str) -> None:
    for who in ("nobody", "owner"):
        headers = people[who].send("GET", path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] is None


def test_the_plain_pages_run_no_script(people: dict[str, Browser]) -> None:
    for who, path in (("nobody", "/sign-in"), ("owner", "/passphrase"), ("nobody", "/set-up")):
        answer = people[who].page(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script-src" not in policy and "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "strict-origin", "no token of a link goes on"
        assert "<script" not in answer.text and " on" not in re.sub(r">[^<]*<", "><", answer.text)
