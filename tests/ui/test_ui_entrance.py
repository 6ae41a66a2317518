"""The ways in and out, as a browser without scripts meets them; real hashes, a real server."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from ui_cases import CaseMaker
from ui_people import signed_in
from ui_server import COOKIE, Server, serving
from ui_web import Answer, Browser

from secondlook.accounts import tokens
from secondlook.accounts.actor import ANY, Role, local
from secondlook.workspace import Workspace, open_workspace
from secondlook_ui.serving import forms, impatient
from secondlook_ui.serving.impatient import Impatient
from secondlook_workflows.accounts import people
from secondlook_workflows.context import Context, open_context

FIRST, SECOND = "seven plates on a tray", "eight bores in a plate"
OWNER = local("test")


@pytest.fixture(scope="module")
def context(shared_maker: CaseMaker) -> Iterator[Context]:
    """The workspace that is served."""
    opened = open_context(shared_maker.workspace.home)
    yield opened
    opened.workspace.database.dispose()


@pytest.fixture
def browser(server: Server) -> Browser:
    """A browser without a session."""
    return Browser(server.port)


def add(context: Context, name: str, role: Role = Role.REVIEWER) -> str:
    """A one-time passphrase of a new person."""
    return people.add(name, role, OWNER, context).passphrase


def with_own(context: Context, browser: Browser, name: str) -> None:
    """Somebody new who has chosen their passphrase and is signed in."""
    browser.sign_in(name, given := add(context, name))
    assert change(browser, given, FIRST).status == 303


def change(browser: Browser, present: str, chosen: str, again: str | None = None) -> Answer:
    fields = {"present": present, "passphrase": chosen, "again": again or chosen}
    return browser.form("/passphrase", fields)


def alert(text: str) -> str:
    """What a page says is wrong."""
    found = re.search(r'<p role="alert"[^>]*>([^<]*)<', text)
    return found[1] if found else ""


def test_the_way_of_somebody_new(context: Context, browser: Browser) -> None:
    given = add(context, "Rita")
    opened = browser.page("/case?case=12ab")
    assert opened.location == "/sign-in?next=%2Fcase%3Fcase%3D12ab"
    assert 'value="/case?case=12ab"' in browser.page(opened.location).text
    entered = browser.sign_in("rita", given, "/case?case=12ab")
    assert (entered.status, entered.location) == (303, "/passphrase")
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Max-Age" not in cookie and "expires" not in cookie.lower()
    assert "Choose your own" in browser.page("/passphrase").text
    assert browser.page("/").location == "/passphrase"
    for present, chosen, again, why in (
        (given, "short", "short", "at least 12"),
        (given, FIRST, SECOND, "not the same"),
        (SECOND, FIRST, FIRST, "present passphrase is not right"),
        (given, given, given, "another one"),
    ):
        answer = change(browser, present, chosen, again)
        assert answer.status == 422 and why in alert(answer.text), why
        assert present not in answer.text and chosen not in answer.text
    changed = change(browser, given, FIRST)
    assert (changed.status, changed.location) == (303, "/")
    assert browser.page("/").status == 200


def test_a_wrong_passphrase_is_said_plainly_and_the_name_stays(
    context: Context, browser: Browser
) -> None:
    with_own(context, Browser(browser.port), "Wanda")
    texts = []
    for name in ("Wanda", "No<b>body"):
        answer = browser.sign_in(name, SECOND, "/case?case=7")
        assert answer.status == 401 and not browser.cookies
        assert alert(answer.text) == "The name or the passphrase is not right."
        assert 'value="/case?case=7"' in answer.text and SECOND not in answer.text
        assert "<b>" not in answer.text
        escaped = name.replace("<b>", "&lt;b&gt;")
        assert f'value="{escaped}"' in answer.text
        texts.append(answer.text.replace(escaped, "NAME"))
    assert texts[0] == texts[1]


def test_too_many_tries(context: Context, browser: Browser) -> None:
    for name in ("Zita", "Nobody"):
        statuses = [browser.sign_in(name, SECOND).status for _ in range(6)]
        assert statuses == [401] * 5 + [429]
    answer = browser.sign_in("Zita", SECOND)
    assert int(answer.headers["Retry-After"]) <= 5
    assert re.fullmatch(r"Too many tries. Wait \d seconds, then try again.", alert(answer.text))


def test_signing_in_makes_a_new_session_and_ends_the_old_one(
    context: Context, server: Server, browser: Browser
) -> None:
    """A token that somebody else put into the browser is worth nothing afterwards."""
    with_own(context, browser, "Fiona")
    name = f"{COOKIE}-{server.port}"
    old = browser.cookies[name]
    for planted in (old, tokens.new(), signed_in(context.workspace, "Eve", None)):
        browser.cookies[name] = planted
        assert browser.sign_in("Fiona", FIRST).status == 303
        assert browser.cookies[name] not in (planted, old)
        assert Browser(server.port, {name: planted}).send("GET", "/media/x").status == 401


def test_signing_out_ends_this_session_alone(context: Context, server: Server) -> None:
    here, there = Browser(server.port), Browser(server.port)
    with_own(context, here, "Otto")
    there.sign_in("Otto", FIRST)
    kept = dict(here.cookies)
    left = here.form("/sign-out", {})
    assert left.location == "/sign-in?why=out" and not here.cookies
    assert "You are signed out." in here.page(left.location).text
    here.cookies |= kept
    assert here.page("/").status == 303, "the old token is worth nothing"
    assert there.page("/").status == 200
    people.sign_out("Otto", OWNER, context)
    assert there.page("/").status == 303


def test_being_disabled_ends_it_at_once(context: Context, browser: Browser) -> None:
    with_own(context, browser, "Doris")
    people.disable("Doris", OWNER, context)
    assert browser.send("GET", "/media/x").status == 401
    assert alert(browser.sign_in("Doris", FIRST).text) == "The name or the passphrase is not right."
    assert browser.socket() == 403


def test_what_is_written_of_it(context: Context, server: Server, browser: Browser) -> None:
    with_own(context, browser, "Paula")
    browser.sign_in("Paula", SECOND)
    browser.sign_in("my secret passphrase", SECOND)
    with context.workspace.database.read() as unit:
        assert unit.audit.verify().problems == ()
        events = [x for x in unit.audit.events("accounts") if "Paula" in f"{x.actor}{x.body}"]
        everything = str(unit.audit.events("accounts"))
    assert [x.action for x in events] == [
        "user.added",
        "user.role",
        "user.passphrase",
        "user.signed-in",
        "user.passphrase",
        "user.signed-out",
        "user.signed-in",
        "user.refused",
    ]
    for secret in (FIRST, SECOND, "my secret", *browser.cookies.values()):
        assert secret not in everything


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/case?case=12", "/case?case=12"),
        ("/case?case=12&show=a%20b", "/case?case=12&show=a%20b"),
        ("/wörk", "/w%C3%B6rk"),
        (None, "/"),
        ("", "/"),
        ("case", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("/a\tb", "/"),
        ("/sign-in?next=/", "/"),
        ("/sign-out", "/"),
        ("/auth/login", "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_where_to_go_afterwards(wanted: str | None, path: str) -> None:
    assert forms.safe(wanted) == path


def test_it_leads_to_no_other_host(context: Context, browser: Browser) -> None:
    with_own(context, browser, "Nina")
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert browser.sign_in("Nina", FIRST, wanted).location == "/"
        assert browser.page(f"/sign-in?next={wanted}").location == "/"


def test_a_link_is_looked_at_without_being_used(context: Context, browser: Browser) -> None:
    assert "signs you in once" in browser.page("/sign-in/link?token=%22%3Cb%3E").text
    assert "<b>" not in browser.page("/sign-in/link?token=%22%3Cb%3E").text
    answer = browser.form("/sign-in/link", {"token": "nonsense"})
    assert answer.status == 401 and "used already" in alert(answer.text)


# A server of its own


@pytest.fixture
def new_home(empty_home: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that nobody owns."""
    shutil.copytree(empty_home, tmp_path / "new")
    workspace = open_workspace(tmp_path / "new")
    yield workspace
    workspace.database.dispose()


def links(text: str) -> list[str]:
    """The path and query of each link that the terminal shows."""
    found = re.findall(r"http://127\.0\.0\.1:\d+(/\S+)", text)
    return [x for x in found if "token=" in x]


def ended(server: Server) -> str:
    """What the terminal showed."""
    server.process.terminate()
    return server.process.communicate(timeout=20)[1]


def first_link(server: Server) -> str:
    """The link that the terminal shows while the server runs."""
    assert server.process.stderr is not None
    while line := server.process.stderr.readline():
        if found := links(line):
            return found[0]
    raise AssertionError("no link was shown")


def test_the_first_start_makes_the_owner(new_home: Workspace) -> None:
    with serving(new_home.home, person=False) as running:
        browser = Browser(running.port)
        link = first_link(running)
        assert "Nobody owns this workspace yet" in browser.page("/sign-in").text
        assert browser.page(link).status == 200
        token = parse_qs(urlsplit(link).query)["token"][0]
        fields = {"token": token, "name": "Olga", "passphrase": FIRST, "again": SECOND}
        wrong = browser.form("/set-up", fields)
        assert wrong.status == 422 and "not the same" in alert(wrong.text)
        assert 'value="Olga"' in wrong.text and FIRST not in wrong.text
        made = browser.form("/set-up", fields | {"again": FIRST})
        assert (made.status, made.location) == (303, "/")
        assert browser.page("/").status == 200
        other = Browser(running.port)
        assert other.page(link).status == 410
        assert other.form("/set-up", fields | {"again": FIRST}).status == 410
        assert "Nobody owns" not in other.page("/sign-in").text
        assert other.sign_in("Olga", FIRST).status == 303
    with serving(new_home.home, person=False) as running:
        assert Browser(running.port).page("/sign-in").status == 200
        assert links(ended(running)) == []
    with new_home.database.read() as unit:
        assert unit.users.get("Olga").grants == {ANY: Role.OWNER}


def test_the_demo_lets_its_person_in_once(new_home: Workspace) -> None:
    with serving(new_home.home, "--welcome", "demo", person=False) as running:
        browser = Browser(running.port)
        link = first_link(running)
        token = parse_qs(urlsplit(link).query)["token"][0]
        assert browser.page("/").status == 303, "open to nobody else"
        assert token in browser.page(link).text
        assert browser.form("/sign-in/link", {"token": token}).location == "/"
        assert browser.page("/").status == 200
        again = Browser(running.port)
        assert again.form("/sign-in/link", {"token": token}).status == 401


def test_a_head_that_comes_too_slowly_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: seconds would be lost otherwise."""
    monkeypatch.setattr(impatient, "HEADER_SECONDS", 0.2)
    assert asyncio.run(_slow_request()) == b""


async def _slow_request() -> bytes:
    async def application(scope: object, receive: object, send: object) -> None:
        raise AssertionError("the request was never whole")

    config = uvicorn.Config(application, lifespan="off", log_level="critical")
    config.load()
    state = uvicorn.server.ServerState()
    running = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    port = running.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: ")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    running.close()
    return answer
