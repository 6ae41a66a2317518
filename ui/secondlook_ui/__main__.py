"""`python -m secondlook_ui --port N`: the review UI on this machine."""

import argparse
import sys

from secondlook.errors import SecondlookError
from secondlook_ui.server import ADDRESS, serve


def main() -> int:
    """Serve until stopped; 0 after a signal, 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m secondlook_ui", description=__doc__)
    parser.add_argument("--port", type=_port, default=8501, help="default: 8501")
    parser.add_argument("--host", default=ADDRESS, help=f"default: {ADDRESS}")
    parser.add_argument("--welcome", help="print a link that signs this person in, once")
    words = parser.parse_args()
    try:
        serve(words.port, words.host, words.welcome)
    except KeyboardInterrupt:
        pass
    except SecondlookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


if __name__ == "__main__":
    sys.exit(main())
