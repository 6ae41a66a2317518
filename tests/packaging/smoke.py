"""Build the wheel and do the main job from it, in a clean environment and another folder.

Run by `make wheel`; not a test of the suite because it installs everything anew.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MUST_HOLD = (
    "secondlook/py.typed",
    "secondlook_migrations/env.py",
    "secondlook_migrations/script.py.mako",
    "secondlook_ui/launch/app.py",
    "secondlook_ui/serving/templates/sign_in.html",
    "secondlook_ui/serving/templates/style.css",
    "secondlook_workflows/demo/manual.md",
    "defect_inspector/MODEL_CARD.md",
    "defect_inspector/exports/templates/report.html",
    "defect_inspector/kinds.toml",
    "radiology_assistant/MODEL_CARD.md",
)


def main() -> None:
    """Build, install, run; ends with status 1 at the first thing that is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = _build(Path(folder))
        _check_content(wheel)
        python = _install(wheel, Path(folder) / "clean")
        _main_job(python, Path(folder) / "elsewhere")
    _say("the wheel works in a clean environment")


def _build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def _check_content(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = [x for x in MUST_HOLD if x not in names]
    versions = [x for x in names if x.startswith("secondlook_migrations/versions/")]
    if missing or not versions:
        sys.exit(f"the wheel lacks {missing or 'the migrations'}")
    _say(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1e6:.1f} MB")


def _install(wheel: Path, environment: Path) -> Path:
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    constraints = str(ROOT / "constraints.txt")
    command = [str(python), "-m", "pip", "install", "-q", "-c", constraints, str(wheel)]
    subprocess.run(command, check=True)
    return python


def _main_job(python: Path, folder: Path) -> None:
    folder.mkdir()
    secondlook = python.parent / "secondlook"

    def run(*words: str) -> Any:
        environment = {**os.environ, "SECONDLOOK_HOME": str(folder / "home")}
        done = subprocess.run(
            [str(secondlook), *words, "--json"],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout)

    plugins = run("plugins", "list")
    if plugins["failures"] or len(plugins["domains"]) != 2:
        sys.exit(f"not every plugin loads: {plugins}")
    run("demo", "--no-ui")
    cases = run("worklist")["cases"]
    if {x["domain"] for x in cases} != {"defect-inspector", "radiology-assistant"}:
        sys.exit("the demo left no cases of both domains on the worklist")
    if run("db", "check")["problems"] or run("db", "verify-audit")["problems"]:
        sys.exit("the database is not what it should be")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
