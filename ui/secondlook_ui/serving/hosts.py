"""Under which names this server is open, and what follows from the name of a request."""

import re
from dataclasses import dataclass

LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1)(:(\d{1,5}))?")
"""Any port: a tunnel may lead here from another one."""


@dataclass(frozen=True)
class Hosts:
    """This machine by its own names, and the names under which a proxy that ends TLS leads here."""

    tls: tuple[str, ...] = ()

    def knows(self, host: str) -> bool:
        """Whether a `Host` header names this server."""
        return self.secure(host) or LOOPBACK.fullmatch(host) is not None

    def secure(self, host: str) -> bool:
        """Whether a request came over TLS; the proxy is trusted with the name, as it alone has it."""
        return host.lower() in {x.lower() for x in self.tls}

    def origin(self, host: str) -> str:
        """What a browser calls the origin of our own pages under this name."""
        return f"{'https' if self.secure(host) else 'http'}://{host.lower()}"

    def socket(self, host: str) -> str:
        """Where our own pages may open a WebSocket."""
        return f"{'wss' if self.secure(host) else 'ws'}://{host.lower()}"

    def cookie(self, host: str) -> str:
        """The name of the session's cookie: cookies know no ports, so the name does.

        Over TLS the prefix keeps other hosts of the domain from setting it (RFC 6265bis).
        """
        if self.secure(host):
            return "__Host-secondlook"
        match = LOOPBACK.fullmatch(host)
        return f"secondlook-{(match and match[3]) or '80'}"
