"""Signing in with an identity provider: the whole way there and back, with a made-up one."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from test_ui_browser import browser  # noqa: F401 - a fixture
from ui_provider import Provider, providing
from ui_server import Server, free_port, serving
from ui_web import Answer, Browser

from secondlook.accounts.actor import Role
from secondlook.errors import SettingsError
from secondlook.settings import Provider as Settings
from secondlook.workspace import Workspace, open_workspace
from secondlook_ui.serving import provider as routes

SETTINGS = """
[provider]
title = "the clinic <b>"
metadata_url = "{issuer}/.well-known/openid-configuration"
client_id = "secondlook"
client_secret = "a secret of the tests"
origin = "http://127.0.0.1:{port}"
roles = {{ readers = "reviewer@radiology-assistant", leads = "lead" }}
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A provider of the tests."""
    with providing(free_port()) as running:
        yield running


@pytest.fixture(scope="module")
def workspace(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The workspace that is served."""
    home = tmp_path_factory.mktemp("provided") / "home"
    shutil.copytree(empty_home, home)
    opened = open_workspace(home)
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="module")
def running(workspace: Workspace, provider: Provider) -> Iterator[Server]:
    """A server that knows the provider."""
    port = free_port()
    file = workspace.home / "secondlook.toml"
    file.write_text(SETTINGS.format(issuer=provider.issuer, port=port))
    with serving(workspace.home, person=False, port=port) as server:
        yield server


def walk(client: Browser, provider: Provider, start: str) -> Answer:
    """Follow redirects there and back, as a browser that comes from another site."""
    answer, there = client.page(start), Browser(provider.port)
    while answer.status in (302, 303, 307):
        parts = urlsplit(answer.location)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if parts.port == provider.port:
            answer = there.page(path)
        else:
            answer = client.page(path, Sec_Fetch_Site="cross-site")
    return answer


def roles(workspace: Workspace, name: str) -> dict[str, Role]:
    with workspace.database.read() as unit:
        return dict(unit.users.get(name).grants)


def test_the_whole_way(running: Server, provider: Provider, workspace: Workspace) -> None:
    provider.claims = {"sub": "42", "preferred_username": "Paul", "groups": ["readers"]}
    client = Browser(running.port)
    shown = client.page("/sign-in?next=/case?case=12ab").text
    assert "Sign in with the clinic &lt;b&gt;" in shown
    answer = walk(client, provider, "/sign-in/provider?next=%2Fcase%3Fcase%3D12ab")
    assert answer.status == 200 and 'content="0; url=/case?case=12ab"' in answer.text
    assert not [x for x in client.cookies if x.startswith("_streamlit_user")], "not for 30 days"
    [cookie] = [x for x in answer.headers.get_all("Set-Cookie", []) if "httponly" in x.lower()]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert client.page("/case?case=12ab").status == 200
    assert roles(workspace, "Paul") == {"radiology-assistant": Role.REVIEWER}
    first = provider.asked[0]
    assert first["code_challenge_method"] == "S256" and first["state"] and first["nonce"]
    with workspace.database.read() as unit:
        assert unit.audit.verify().problems == ()
        told = [(x.action, x.body.get("how")) for x in unit.audit.events("accounts")]
    assert ("user.signed-in", "provider") in told


def test_groups_are_read_at_every_sign_in(
    running: Server, provider: Provider, workspace: Workspace
) -> None:
    claims = {"sub": "43", "preferred_username": "Quin"}
    for groups, expected in (
        (["leads", "readers"], {"*": Role.LEAD, "radiology-assistant": Role.REVIEWER}),
        (["readers"], {"radiology-assistant": Role.REVIEWER}),
    ):
        provider.claims = claims | {"groups": groups}
        client = Browser(running.port)
        walk(client, provider, "/sign-in/provider")
        assert client.page("/").status == 200
        assert roles(workspace, "Quin") == expected


def test_somebody_without_a_role_is_told_and_gets_nothing(
    running: Server, provider: Provider, workspace: Workspace
) -> None:
    provider.claims = {"sub": "<i>44", "preferred_username": "Rosa", "groups": ["others"]}
    client = Browser(running.port)
    answer = walk(client, provider, "/sign-in/provider")
    assert answer.status == 403
    assert f"secondlook users identity NAME {provider.issuer} &lt;i&gt;44" in answer.text
    assert client.page("/").status == 303
    with workspace.database.read() as unit:
        assert unit.users.called("Rosa") is None


def test_an_answer_is_good_once(running: Server, provider: Provider) -> None:
    provider.claims = {"sub": "45", "preferred_username": "Sam", "groups": ["leads"]}
    client = Browser(running.port)
    answer, there = client.page("/sign-in/provider"), Browser(provider.port)
    answer = client.page(answer.location)
    answer = there.page(answer.location.removeprefix(provider.issuer))
    back = urlsplit(answer.location)
    assert client.page(f"{back.path}?{back.query}").location == "/"
    stolen = Browser(running.port, dict(client.cookies))
    assert client.page("/").status == 200
    again = stolen.page("/")
    assert again.status == 403 and "used already" in again.text


@pytest.mark.parametrize("path", ["/oauth2callback?code=x&state=y", "/auth/login?provider=x"])
def test_made_up_answers_lead_back_to_the_door(
    running: Server, provider: Provider, path: str
) -> None:
    client = Browser(running.port, {"_streamlit_user": "forged"})
    walk(client, provider, path)
    assert client.page("/").location == "/sign-in?next=%2F"


def test_a_real_browser_comes_back_from_another_site(
    running: Server,
    provider: Provider,
    browser: Chromium,  # noqa: F811 - the fixture
) -> None:
    """It keeps strict cookies back on the way from there, which no client of ours would show."""
    provider.claims = {"sub": "46", "preferred_username": "Tina", "groups": ["leads"]}
    page = browser.new_context().new_page()
    page.goto(f"{running.url}/about?x=1")
    page.get_by_role("link", name="Sign in with the clinic").click()
    page.get_by_text("Tina", exact=True).wait_for(timeout=30_000)
    assert page.url == f"{running.url}/about?x=1"
    assert {x["name"] for x in page.context.cookies() if "streamlit_user" in x["name"]} == set()
    page.context.close()


def test_half_a_provider_is_refused() -> None:
    assert not routes.on(Settings())
    with pytest.raises(SettingsError, match="metadata_url and origin"):
        routes.on(Settings(client_id="x"))
