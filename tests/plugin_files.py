"""Making installed distributions on disk: what a third party's plugin looks like to Python."""

from pathlib import Path


def write_distribution(folder: Path, name: str, code: str, *, group: str = "secondlook") -> Path:
    """A module and its metadata, importable and discoverable once `folder` is on the path."""
    module = name.replace("-", "_")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(code)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
    return folder


DOMAIN = """
from secondlook import Disposition, Domain, Label, Taxonomy, Verdict, ModelInputs, hookimpl

class Weld(Domain):
    name = "{name}"
    title = "Weld inspector"
    taxonomy = Taxonomy(labels=(Label(code="crack", title="Crack", description="a crack"),))
    dispositions = (Disposition(code="accept", title="Accept", tone="good"),)

    def open_cases(self, source):
        return []

    def prepare(self, case, pixels):
        return ModelInputs()

    def assess(self, case, outputs):
        return Verdict()

    def recommend(self, case, verdict):
        return None

@hookimpl
def register_domains(register):
    register(Weld())
"""
"""A whole domain plugin; `{name}` is the name of its domain."""
