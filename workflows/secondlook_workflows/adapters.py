"""adapters: into use and out of it again, and out as one file."""

from dataclasses import dataclass
from pathlib import Path

from secondlook.errors import AdapterError
from secondlook.store.adapters import AdapterInfo, Rollback
from secondlook_workflows.context import Context


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """The fields of `adapters export --json`."""

    adapter: str
    out: str
    bytes: int
    sha256: str
    """Of the file, as the audit trail of an importing workspace names it."""


def promote(adapter: str, context: Context) -> AdapterInfo:
    """Make an adapter the champion of its domain and product; the present one retires.

    Raises NotFound, and AdapterError where its files are not those that were stored.
    """
    with context.workspace.database.write() as unit:
        check_stored(unit.adapters.get(adapter), context)
        unit.adapters.promote(adapter, actor=context.actor)
        info = unit.adapters.get(adapter)
        unit.commit()
    return info


def rollback(domain: str, product: str | None, context: Context) -> Rollback:
    """Put the adapter back into use that was in use before the present one.

    Raises PluginError for an unknown domain, NotFound where there is nothing before, and
    AdapterError, changing nothing, where the files of the one before are damaged.
    """
    context.plugins.domain(domain)
    with context.workspace.database.write() as unit:
        done = unit.adapters.rollback(domain, product, actor=context.actor)
        check_stored(done.champion, context)
        unit.commit()
    return done


def export(adapter: str, out: Path | None, context: Context) -> ExportReport:
    """Write an adapter to one file; `out` is its path, a folder, or None for the present folder.

    Raises NotFound, and AdapterError where its files are damaged or the file exists.
    """
    from secondlook.models.adapter_archive import SUFFIX, pack

    with context.workspace.database.read() as unit:
        info = unit.adapters.get(adapter)
    folder = check_stored(info, context)
    name = info.id.replace("/", "-") + SUFFIX
    path = Path(name) if out is None else out / name if out.is_dir() else out
    sha256 = pack(folder, path)
    return ExportReport(adapter=info.id, out=str(path), bytes=path.stat().st_size, sha256=sha256)


def check_stored(info: AdapterInfo, context: Context) -> Path:
    """The adapter's folder. Raises AdapterError where its files are not those that were stored."""
    from secondlook.models.adapter_files import check_files, damaged, folder_sha256, read_card

    folder = context.workspace.adapters / info.path
    if not folder.resolve().is_relative_to(context.workspace.adapters.resolve()):
        raise AdapterError(f"adapter {info.id} lies outside the workspace: {info.path!r}")
    card = read_card(folder)
    if folder_sha256(folder) != info.sha256:
        raise AdapterError(damaged(folder, "its card is not the one that was stored"))
    check_files(folder, card.files)
    return folder


def free_version(domain: str, product: str | None, context: Context) -> int:
    """The next number that neither the database nor a folder left by a kill has taken."""
    with context.workspace.database.read() as unit:
        version = unit.adapters.next_version(domain, product)
    while (context.workspace.adapters / adapter_id(domain, product, version)).exists():
        version += 1
    return version


def adapter_id(domain: str, product: str | None, version: int) -> str:
    """For example `defect-inspector/tile/1`."""
    return "/".join([domain, *([product] if product else []), str(version)])
