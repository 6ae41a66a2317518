"""Which adapter looks at which case: the one asked for, else the champion of its product."""

from typing import TYPE_CHECKING

from secondlook.errors import UsageError
from secondlook_workflows.context import Context
from secondlook_workflows.stored_adapters import load_adapter

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter
    from secondlook.store.adapters import AdapterInfo


class Champions:
    """Looks adapters up by domain and product and keeps them loaded."""

    def __init__(
        self, context: Context, *, domain: str | None = None, adapter: str | None = None
    ) -> None:
        """Raises NotFound for an unknown adapter, UsageError for one of another domain."""
        self._context = context
        self._wanted = self._get(adapter) if adapter else None
        self._infos: dict[tuple[str, str | None], AdapterInfo | None] = {}
        self._loaded: dict[str, Adapter] = {}
        if self._wanted and domain not in (None, self._wanted.domain):
            raise UsageError(f"adapter {adapter} is of {self._wanted.domain}, not of {domain}")

    def serves(self, domain: str, product: str | None) -> bool:
        """Whether such cases are looked at: with an adapter asked for, only those it is made for."""
        return self._wanted is None or self._info(domain, product) is not None

    def id(self, domain: str, product: str | None) -> str | None:
        """Id of the adapter for such a case; None where none fits."""
        info = self._info(domain, product)
        return info.id if info else None

    def load(self, domain: str, product: str | None) -> "Adapter | None":
        """The adapter itself, checked against its backbone. Raises ModelError for a broken one."""
        info = self._info(domain, product)
        if info is None:
            return None
        if info.id not in self._loaded:
            self._loaded[info.id] = load_adapter(info, self._context)
        return self._loaded[info.id]

    def _info(self, domain: str, product: str | None) -> "AdapterInfo | None":
        if self._wanted is not None:
            fits = self._wanted.domain == domain and self._wanted.product in (None, product)
            return self._wanted if fits else None
        key = (domain, product)
        if key not in self._infos:
            with self._context.workspace.database.read() as unit:
                self._infos[key] = unit.adapters.champion(domain, product)
        return self._infos[key]

    def _get(self, adapter: str) -> "AdapterInfo":
        with self._context.workspace.database.read() as unit:
            return unit.adapters.get(adapter)
