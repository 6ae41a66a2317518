"""The parsing process: limits, crashes, and that it never outlives its parent."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from secondlook.domain import IntakeFile
from secondlook.intake.outcome import QuarantinedFile, Reason
from secondlook.intake.reader import Reader
from secondlook.settings import Limits

sys.path.append(str(Path(__file__).parent))
import bad_files

SCRIPT = """
import sys
from pathlib import Path
import psutil
from secondlook.intake.reader import Reader
from secondlook.settings import Limits
with Reader(Limits()) as reader:
    reader.read(Path(sys.argv[1]), "good.png")
    print(*(p.pid for p in psutil.Process().children(recursive=True)), flush=True)
    while True:
        reader.read(Path(sys.argv[2]), "slow.txt")
"""


def children() -> list[psutil.Process]:
    """Processes that multiprocessing spawned for this one, but for its resource tracker."""
    processes = psutil.Process().children()
    return [p for p in processes if any("spawn_main" in part for part in p.cmdline())]


def slow_file(folder: Path) -> Path:
    """Takes a second or so to parse, and much memory."""
    path = folder / "slow.txt"
    path.write_text("字。" * 900_000, encoding="utf-8")
    return path


def large_photo(folder: Path) -> Path:
    """A PNG that takes 120 MB decoded."""
    path = folder / "large.png"
    path.write_bytes(bad_files.photo(np.zeros((5000, 6000, 3), np.uint8), "PNG"))
    return path


def test_file_over_the_time_limit_is_named_and_its_neighbour_read(tmp_path: Path) -> None:
    with Reader(Limits(parse_seconds=0.4)) as reader:
        outcome = reader.read(slow_file(tmp_path), "slow.txt")
        assert isinstance(outcome, QuarantinedFile)
        assert outcome.reason is Reason.TIMED_OUT
        assert isinstance(reader.read(bad_files.good(tmp_path), "good.png"), IntakeFile)


def test_starting_does_not_count_against_the_first_file(tmp_path: Path) -> None:
    with Reader(Limits(parse_seconds=0.2)) as reader:  # starting takes longer than this
        assert isinstance(reader.read(bad_files.good(tmp_path), "good.png"), IntakeFile)


@pytest.mark.skipif(sys.platform != "linux", reason="address space is limited on Linux only")
def test_file_over_the_memory_limit_is_named_and_its_neighbour_read(tmp_path: Path) -> None:
    with Reader(Limits(parse_memory_bytes=64 * 2**20)) as reader:
        outcome = reader.read(large_photo(tmp_path), "large.png")
        assert isinstance(outcome, QuarantinedFile)
        assert outcome.reason is Reason.OUT_OF_MEMORY
        assert isinstance(reader.read(bad_files.good(tmp_path), "good.png"), IntakeFile)


def test_crash_on_a_file_is_named_and_its_neighbour_read(tmp_path: Path) -> None:
    with Reader(Limits(parse_seconds=30)) as reader:
        good = bad_files.good(tmp_path)
        reader.read(good, "good.png")
        (child,) = children()
        threading.Timer(0.3, child.kill).start()
        outcome = reader.read(slow_file(tmp_path), "slow.txt")
        assert isinstance(outcome, QuarantinedFile)
        assert outcome.reason is Reason.PARSER_CRASHED
        assert isinstance(reader.read(good, "good.png"), IntakeFile)


def test_process_that_dies_between_files_costs_no_file(tmp_path: Path) -> None:
    with Reader(Limits()) as reader:
        good = bad_files.good(tmp_path)
        for _ in range(3):
            assert isinstance(reader.read(good, "good.png"), IntakeFile)
            (child,) = children()
            child.kill()


def test_closing_leaves_no_process(tmp_path: Path) -> None:
    with Reader(Limits()) as reader:
        reader.read(bad_files.good(tmp_path), "good.png")
        (child,) = children()
    assert not child.is_running()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_parent_that_is_stopped_leaves_no_process(sent: signal.Signals, tmp_path: Path) -> None:
    # The script comes from standard input: spawning must not need the file of a main module.
    parent = subprocess.Popen(
        [sys.executable, "-", str(bad_files.good(tmp_path)), str(slow_file(tmp_path))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with parent:
        assert parent.stdin
        assert parent.stdout
        parent.stdin.write(SCRIPT)
        parent.stdin.close()
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert pids
        parent.send_signal(sent)
        assert parent.wait(10) != 0
        assert _gone(pids)


def _gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(psutil.pid_exists(pid) for pid in pids)


def test_parsers_import_no_model_library() -> None:
    code = (
        "import sys, importlib, secondlook.intake.parse as p, secondlook.intake.pixels;"
        "[importlib.import_module(f'secondlook.intake.{n}') for n in p.PARSERS];"
        "print(sorted({'torch', 'transformers', 'pandas', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
