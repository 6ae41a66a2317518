"""A PostgreSQL server of one's own, from the system's package, in a temporary folder.

PostgreSQL refuses to run as root; then it runs as the package's user `postgres`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

PACKAGE = "postgresql"
"""The Debian package that brings the server."""
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
"""For tests: a crash of the machine may lose everything, and nothing else may."""
USER = "postgres"


def programs() -> Path | None:
    """Folder with `initdb` and `postgres` of the newest installed version; None if there is none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if installed:
        return installed[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


MEMORY = Path("/dev/shm")


@contextmanager
def cluster(*options: str, in_memory: bool = False) -> Iterator[URL]:
    """Run a server while the block runs; gives the URL of its database `postgres`.

    `in_memory` keeps its files off the disk, where the system has a place for that.
    """
    folder = programs()
    if folder is None:
        raise FileNotFoundError(f"There is no PostgreSQL server: install the package {PACKAGE}.")
    place = MEMORY if in_memory and MEMORY.is_dir() else None
    home = Path(tempfile.mkdtemp(prefix="pg", dir=place))
    try:
        if os.geteuid() == 0:
            shutil.chown(home, USER)
        _initialise(folder, home)
        with _running(folder, home, options) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _version(program: Path) -> int:
    return int(program.parts[-3])


def _initialise(folder: Path, home: Path) -> None:
    command = [str(folder / "initdb"), "-D", str(home / "data"), "-U", USER]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=home, **_as_user())  # type: ignore[call-overload]


@contextmanager
def _running(folder: Path, home: Path, options: tuple[str, ...]) -> Iterator[URL]:
    command = [str(folder / "postgres"), "-D", str(home / "data"), "-k", str(home)]
    command += ["-c", "listen_addresses=", *options]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=home, **_as_user())  # type: ignore[call-overload]
        try:
            url = URL.create(
                "postgresql+psycopg", username=USER, database="postgres", query={"host": str(home)}
            )
            _wait(url, server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)


def _as_user() -> dict[str, int]:
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def _wait(url: URL, server: "subprocess.Popen[bytes]") -> None:
    engine = create_engine(url)
    deadline = time.monotonic() + 30
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            engine.dispose()
            return
        except OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
