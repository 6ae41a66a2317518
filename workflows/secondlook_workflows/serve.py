"""Start the review UI with a worker beside it, and end both together.

The UI package is above this one, so it is found by name and started as a program of its own: the
UI process never holds a model, the worker never draws a page.
"""

import signal
import subprocess
import sys
from importlib.util import find_spec

from secondlook.errors import SecondlookError

UI = "secondlook_ui"


def serve(port: int) -> None:
    """Run both until one ends or Ctrl-C is pressed. Raises SecondlookError without the UI."""
    if find_spec(UI) is None:
        raise SecondlookError("the review UI is not installed; install secondlook again")
    command = [sys.executable, "-m"]
    ui = subprocess.Popen([*command, UI, "--port", str(port)])
    worker = subprocess.Popen([*command, "secondlook_workflows", "work"])
    processes = (ui, worker)
    try:
        status = ui.wait()
    except KeyboardInterrupt:
        status = 0
    finally:
        for process in processes:
            _end(process)
    if status not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise SecondlookError(f"the review UI ended with status {status}; is port {port} in use?")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
