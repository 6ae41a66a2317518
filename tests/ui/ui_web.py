"""A client that sends exactly what it is told, over one connection a request."""

import http.client
import re
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
PAGE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none", "Accept": "text/html"}


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def location(self) -> str:
        """Where it leads."""
        return str(self.headers["Location"])


@dataclass
class Browser:
    """Cookies, and forms sent as the pages of a server would send them."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    host: str = ""

    def __post_init__(self) -> None:
        self.host = self.host or f"127.0.0.1:{self.port}"

    def send(self, method: str, path: str, body: str = "", **headers: Any) -> Answer:
        """One request; a header of None is left out, `_` in names stands for `-`."""
        cookie = "; ".join(f"{x}={y}" for x, y in self.cookies.items())
        given = {"Host": self.host, "Origin": self.origin, "Cookie": cookie or None}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if method in ("GET", "HEAD") and "Origin" not in headers:
            given["Origin"] = None
        sent = {x: y for x, y in given.items() if y is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body or None, sent)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        self._keep(response.headers)
        return Answer(response.status, response.headers, text)

    @property
    def origin(self) -> str:
        """Of our own pages."""
        return f"http://{self.host}"

    def page(self, path: str, **headers: Any) -> Answer:
        """Open a page."""
        return self.send("GET", path, **(PAGE | headers))

    def form(self, path: str, fields: dict[str, str], **headers: Any) -> Answer:
        """Send a form."""
        return self.send(
            "POST", path, urlencode(fields), **({"Content-Type": FORM, **PAGE} | headers)
        )

    def sign_in(self, name: str, passphrase: str, next: str = "/") -> Answer:
        """Send the form of the sign-in page."""
        return self.form("/sign-in", {"name": name, "passphrase": passphrase, "next": next})

    def socket(self, **headers: str | None) -> int:
        """The status with which a WebSocket is answered."""
        cookie = "; ".join(f"{x}={y}" for x, y in self.cookies.items())
        lines = {
            "Host": self.host,
            "Origin": self.origin,
            "Cookie": cookie or None,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "c2Vjb25kbG9vayB0ZXN0IQ==",
        } | headers
        request = "".join(f"{x}: {y}\r\n" for x, y in lines.items() if y is not None)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{request}\r\n".encode())
            return int(connection.recv(64).split()[1])

    def _keep(self, headers: http.client.HTTPMessage) -> None:
        for line in headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            if re.search("max-age=0", line, re.IGNORECASE):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
