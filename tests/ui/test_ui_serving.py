"""The process: starts fast and without models, talks to this machine only, ends when told."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ui_cases import CaseMaker
from ui_people import signed_in
from ui_server import Server, command, free_port, serving

RENDER = """
import sys
from streamlit.testing.v1 import AppTest
import secondlook_ui.server
from secondlook_ui import who
case, token = sys.argv[1:]
who.token = lambda: token
app = AppTest.from_file(str(secondlook_ui.server.SCRIPT), default_timeout=30).run()
app.button(key="next").click().run()
assert not app.exception and not app.error
assert app.query_params["case"] == case
print([x for x in ("torch", "transformers") if x in sys.modules])
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself."""
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)


def handshake(server: Server, headers: dict[str, str]) -> int:
    """The status with which a WebSocket is answered."""
    lines = {
        "Host": f"127.0.0.1:{server.port}",
        "Origin": f"http://127.0.0.1:{server.port}",
        "Cookie": server.cookie,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "c2Vjb25kbG9vayB0ZXN0IQ==",
    } | headers
    request = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{request}\r\n".encode())
        return int(connection.recv(64).split()[1])


def test_every_answer_carries_the_headers(server: Server) -> None:
    for path in ("/", "/_stcore/health", "/media/none.png", "/nowhere/at/all.js"):
        headers = server.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert f"connect-src 'self' ws://127.0.0.1:{server.port};" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_foreign_host_is_refused(server: Server) -> None:
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "x@y"):
        assert server.get("/", host).status == 421
        assert handshake(server, {"Host": host}) == 403
    assert server.get("/", f"localhost:{server.port}").status == 200


def test_a_page_of_another_origin_gets_no_websocket(server: Server) -> None:
    own = f"http://127.0.0.1:{server.port}"
    assert handshake(server, {"Origin": own}) == 101
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
        assert handshake(server, {"Origin": origin}) == 403


def test_it_listens_on_this_machine_only(server: Server) -> None:
    listening = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{server.port:04X}" in listening
    assert f"00000000:{server.port:04X}" not in listening


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_cheaply_and_ends_cleanly(maker: CaseMaker, number: signal.Signals) -> None:
    before = os.times()
    with serving(maker.workspace.home) as running:
        assert running.get("/_stcore/health").status == 200
        running.process.send_signal(number)
        _, errors = running.process.communicate(timeout=20)
    after = os.times()
    assert running.process.returncode == 0
    assert "Traceback" not in errors
    spent = after.children_user - before.children_user
    spent += after.children_system - before.children_system
    assert spent < 5  # processor time: a busy machine must not fail this


def test_a_port_in_use_is_named(server: Server, maker: CaseMaker) -> None:
    ended = run(*command(server.port))
    assert ended.returncode == 1
    assert f"port {server.port} on 127.0.0.1 is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_workspace_it_names_the_command() -> None:
    ended = run(*command(free_port()))
    assert ended.returncode == 1
    assert "`secondlook init`" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_pages_are_drawn_without_a_model_library(maker: CaseMaker) -> None:
    case = maker.assessed()
    drawn = run(sys.executable, "-c", RENDER, case, signed_in(maker.workspace))
    assert drawn.stdout.strip() == "[]", drawn.stderr
