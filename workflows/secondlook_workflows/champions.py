"""Which adapter looks at which case: the one asked for, else the champion of its product."""

from typing import TYPE_CHECKING

from secondlook_workflows.context import Context
from secondlook_workflows.learn import load_adapter

if TYPE_CHECKING:
    from secondlook.models.adapters import GoodsAdapter
    from secondlook.store.adapters import AdapterInfo


class Champions:
    """Looks adapters up by domain and product and keeps them loaded."""

    def __init__(self, context: Context, adapter: str | None = None) -> None:
        self._context = context
        self._wanted = self._get(adapter) if adapter else None
        self._infos: dict[tuple[str, str | None], AdapterInfo | None] = {}
        self._loaded: dict[str, GoodsAdapter] = {}

    def id(self, domain: str, product: str | None) -> str | None:
        """Id of the adapter for such a case; None where none fits."""
        info = self._info(domain, product)
        return info.id if info else None

    def load(self, domain: str, product: str | None) -> "GoodsAdapter | None":
        """The adapter itself, checked against its backbone."""
        info = self._info(domain, product)
        if info is None:
            return None
        if info.id not in self._loaded:
            self._loaded[info.id] = load_adapter(info, self._context)
        return self._loaded[info.id]

    def _info(self, domain: str, product: str | None) -> "AdapterInfo | None":
        if self._wanted is not None:
            return self._wanted if self._wanted.domain == domain else None
        key = (domain, product)
        if key not in self._infos:
            with self._context.workspace.database.read() as unit:
                self._infos[key] = unit.adapters.champion(domain, product)
        return self._infos[key]

    def _get(self, adapter: str) -> "AdapterInfo":
        with self._context.workspace.database.read() as unit:
            return unit.adapters.get(adapter)
