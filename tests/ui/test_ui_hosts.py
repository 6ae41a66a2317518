"""Under which names the server answers, what a TLS proxy changes, and who may listen where."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest
from ui_cases import CaseMaker
from ui_people import signed_in_at
from ui_server import Server, serving
from ui_web import Browser

import secondlook_ui
from secondlook.accounts.actor import Role
from secondlook.errors import SecondlookError
from secondlook.workspace import default_home
from secondlook_ui import guard, server, welcome, workplace
from secondlook_ui.guard import Guard
from secondlook_ui.serving.hosts import Hosts

TLS = Hosts(("review.example.org",))


async def asked(hosts: Hosts, method: str = "GET", **headers: str) -> tuple[int, dict[str, str]]:
    """What the guard makes of a request: status and headers."""
    sent: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": "/", "headers": raw}
    await Guard(inside, hosts)(scope, None, keep)  # type: ignore[arg-type]
    found = {x.decode().lower(): y.decode() for x, y in sent[0]["headers"]}
    return sent[0]["status"], found


@pytest.mark.parametrize(
    ("hosts", "host", "origin", "status"),
    [
        (Hosts(), "127.0.0.1:8501", None, 200),
        (Hosts(), "localhost", "http://localhost", 200),
        (Hosts(), "localhost", "https://localhost", 421),
        (Hosts(), "review.example.org", None, 421),
        (TLS, "review.example.org", None, 200),
        (TLS, "Review.Example.org", "https://review.example.org", 200),
        (TLS, "review.example.org", "http://review.example.org", 421),
        (TLS, "review.example.org:8501", None, 421),
        (TLS, "evil.review.example.org", None, 421),
        (TLS, "localhost:8501", "http://localhost:8501", 200),
        (TLS, "10.0.0.7:8501", None, 421),
        (TLS, "localhost@evil.example", None, 421),
    ],
)
def test_by_which_name(hosts: Hosts, host: str, origin: str | None, status: int) -> None:
    headers = {"host": host} | ({"origin": origin} if origin else {})
    assert asyncio.run(asked(hosts, **headers))[0] == status


def test_two_hosts_or_none_are_refused() -> None:
    assert asyncio.run(asked(TLS))[0] == 421


def test_pages_may_talk_to_their_own_server_alone() -> None:
    for hosts, host, socket in (
        (Hosts(), "localhost:8501", "ws://localhost:8501"),
        (TLS, "review.example.org", "wss://review.example.org"),
    ):
        headers = asyncio.run(asked(hosts, host=host))[1]
        assert f"connect-src 'self' {socket};" in headers["content-security-policy"]
        assert ("strict-transport-security" in headers) == socket.startswith("wss")


def test_over_tls_the_cookie_stays_there(maker: CaseMaker) -> None:
    home = maker.workspace.home
    (home / "secondlook.toml").write_text('[ui]\ntls_hosts = ["review.example.org"]\n')
    token = signed_in_at(home, "Anna")
    with serving(home, person=False) as running:
        through = Browser(running.port, host="review.example.org")
        through.cookies["__Host-secondlook"] = token
        answer = through.page("/", Origin="https://review.example.org")
        assert answer.status == 200
        assert "max-age" in answer.headers["Strict-Transport-Security"]
        left = through.form("/sign-out", {}, Origin="https://review.example.org")
        assert "Secure" in left.headers["Set-Cookie"]
        assert left.headers["Set-Cookie"].startswith("__Host-secondlook=")
        assert Browser(running.port, host="10.0.0.7").page("/sign-in").status == 421


def test_other_machines_come_in_only_through_tls_and_with_an_owner(maker: CaseMaker) -> None:
    with pytest.raises(SecondlookError, match="plain text"):
        server.check_reach("0.0.0.0")
    server.check_reach("127.0.0.1")
    workplace.opened.cache_clear()
    (default_home() / "secondlook.toml").write_text('[ui]\ntls_hosts = ["review.example.org"]\n')
    with pytest.raises(SecondlookError, match="nobody owns"):
        server.check_reach("0.0.0.0")
    with maker.workspace.database.write() as unit:
        unit.users.ensure("Olga")
        unit.users.grant("Olga", Role.OWNER, by="test")
        unit.sign_ins.keep_passphrase("Olga", "hash", by="test")
        unit.commit()
    server.check_reach("0.0.0.0")
    assert "https://review.example.org" in welcome.text(8501, TLS, None)
    workplace.opened.cache_clear()


def test_nothing_writes_but_through_the_session() -> None:
    """What asks for a unit that writes elsewhere would ask nobody whether they may."""
    own = {"acting.py", "session.py"}
    found = set()
    for file in Path(secondlook_ui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "write":
                writes_unit = (
                    isinstance(node.value, ast.Attribute) and node.value.attr == "database"
                )
                found |= {file.name} if writes_unit else set()
    assert found == own


def test_the_policy_names_no_other_host(server: Server) -> None:
    assert "http:" not in guard.POLICY and "https:" not in guard.POLICY
    assert "unsafe-eval'" not in guard.POLICY.replace("'wasm-unsafe-eval'", "")
