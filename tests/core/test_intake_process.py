"""The parsing process: limits, crashes, and that it never outlives its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from secondlook.domain import IntakeFile
from secondlook.intake import process
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


SPARE = """
import sys
from pathlib import Path
import psutil
from secondlook.intake import process
from secondlook.intake.reader import Reader
from secondlook.settings import Limits
process.STANDS_BY_AFTER = 1
with Reader(Limits()) as reader:
    reader.read(Path(sys.argv[1]), "good.png")
    reader.read(Path(sys.argv[1]), "good.png")
    print(*(p.pid for p in psutil.Process().children(recursive=True)), flush=True)
    while True:
        reader.read(Path(sys.argv[1]), "good.png")
"""

INTERRUPTED = """
import sys, time
from pathlib import Path
from secondlook.intake import process
from secondlook.intake.reader import Reader
from secondlook.settings import Limits
process.STANDS_BY_AFTER = 1
with Reader(Limits()) as reader:
    if sys.argv[2] == "next":
        reader.read(Path(sys.argv[1]), "good.png")
    print("starting", flush=True)
    try:
        reader.read(Path(sys.argv[1]), "good.png")
        time.sleep(60)
    except KeyboardInterrupt:
        pass
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


@pytest.fixture
def one_stands_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first file on, so that tests need not read thousands."""
    monkeypatch.setattr(process, "STANDS_BY_AFTER", 1)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def stands_by(reader: Reader, good: Path) -> bool:
    """Whether a second process has imported everything, which is only asked for at a file."""
    read_again(reader, good)
    spare = reader._process._spare
    return spare is not None and spare.is_ready


def read_again(reader: Reader, good: Path) -> float:
    """Seconds that a file takes that is read without trouble."""
    start = time.perf_counter()
    assert isinstance(reader.read(good, "good.png"), IntakeFile)
    return time.perf_counter() - start


def test_no_file_waits_for_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STANDS_BY_AFTER", 3)
    monkeypatch.setattr(process, "RENEWED_AFTER", 5)
    good = bad_files.good(tmp_path)
    with Reader(Limits()) as reader:
        starting, seen, slowest = read_again(reader, good), set[int](), 0.0
        deadline = time.monotonic() + 120
        while len(seen) < 4 and time.monotonic() < deadline:  # each pair is a renewal
            slowest = max(slowest, read_again(reader, good))
            seen |= {x.pid for x in children()}
        assert len(seen) >= 4
        assert slowest < starting / 2
        assert len(children()) <= 2


@pytest.mark.usefixtures("one_stands_by")
def test_after_a_file_that_crashed_or_hung_another_process_is_ready(tmp_path: Path) -> None:
    good, slow = bad_files.good(tmp_path), slow_file(tmp_path)
    with Reader(Limits(parse_seconds=0.4)) as reader:
        starting = read_again(reader, good)
        for reason in (Reason.TIMED_OUT, Reason.PARSER_CRASHED):
            until(lambda: stands_by(reader, good))
            if reason is Reason.PARSER_CRASHED:
                working = min(children(), key=psutil.Process.create_time)
                threading.Timer(0.2, working.kill).start()
            outcome = reader.read(slow, "slow.txt")
            assert isinstance(outcome, QuarantinedFile)
            assert outcome.reason is reason
            assert read_again(reader, good) < starting / 2


@pytest.mark.usefixtures("one_stands_by")
def test_threads_take_turns_while_processes_take_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "RENEWED_AFTER", 2)
    good, read = bad_files.good(tmp_path), list[bool]()
    with Reader(Limits()) as reader:

        def many() -> None:
            deadline = time.monotonic() + 8
            while time.monotonic() < deadline:
                read.append(isinstance(reader.read(good, "good.png"), IntakeFile))

        threads = [threading.Thread(target=many, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(x.is_alive() for x in threads)
        assert all(read) and len(read) > 3


@pytest.mark.usefixtures("one_stands_by")
def test_closing_leaves_none_that_stands_by(tmp_path: Path) -> None:
    with Reader(Limits()) as reader:
        good = bad_files.good(tmp_path)
        read_again(reader, good)
        read_again(reader, good)
        both = children()
        assert len(both) == 2
    assert not any(x.is_running() for x in both)


@pytest.mark.usefixtures("one_stands_by")
def test_one_that_dies_while_it_stands_by_is_replaced(tmp_path: Path) -> None:
    good = bad_files.good(tmp_path)
    with Reader(Limits()) as reader:
        until(lambda: stands_by(reader, good))
        max(children(), key=psutil.Process.create_time).kill()
        until(lambda: not stands_by(reader, good))
        until(lambda: stands_by(reader, good))
        assert len(children()) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no groups of processes")
@pytest.mark.parametrize("which", ["first", "next"])
def test_an_interrupt_at_the_keyboard_prints_nothing_of_a_process_that_starts(
    which: str, tmp_path: Path
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(bad_files.good(tmp_path)), which],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with parent:
        assert parent.stdout
        assert parent.stdout.readline() == "starting\n"
        time.sleep(0.2)
        os.killpg(parent.pid, signal.SIGINT)  # while it imports
        assert parent.wait(30) == 0
        assert parent.stderr
        assert parent.stderr.read() == ""


@pytest.mark.parametrize("script", [SCRIPT, SPARE])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_parent_that_is_stopped_leaves_no_process(
    sent: signal.Signals, script: str, tmp_path: Path
) -> None:
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
        parent.stdin.write(script)
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
