"""What the terminal says when the server starts: where it is, and the links to come in by."""

from secondlook_ui import workplace
from secondlook_ui.serving.gate import LINK, SET_UP
from secondlook_ui.serving.hosts import Hosts
from secondlook_workflows.accounts import set_up


def text(port: int, hosts: Hosts, welcomed: str | None) -> str:
    """Lines for standard error. Links are good once and for an hour, and made anew each time."""
    url = f"https://{hosts.tls[0]}" if hosts.tls else f"http://127.0.0.1:{port}"
    lines = [f"Review UI on {url}  (Ctrl-C ends it)", *_links(url, welcomed)]
    return "".join(f"{x}\n" for x in lines)


def _links(url: str, welcomed: str | None) -> list[str]:
    context = workplace.context()
    lines = []
    if welcomed is not None:
        token = set_up.link_for(welcomed, context)
        lines += [f"Open this link to come in as {welcomed}:", f"  {url}{LINK}?token={token}"]
    elif set_up.wanted(context):
        token = set_up.link(context)
        lines += [
            "Nobody owns this workspace yet. Open this link to become its owner:",
            f"  {url}{SET_UP}?token={token}",
        ]
    return [
        *lines,
        *(["The link is good once, within an hour. A new start shows a new one."] if lines else []),
    ]
