"""Which cases an export is about, as a stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from secondlook.cases import CaseStatus
from secondlook.errors import UsageError
from secondlook.store.unit_of_work import UnitOfWork
from secondlook.store.worklist import CaseExport


class Asked(Protocol):
    """The part of an export's configuration that chooses cases."""

    @property
    def domain(self) -> str: ...
    @property
    def cases(self) -> tuple[str, ...]: ...
    @property
    def decided(self) -> bool | None: ...
    @property
    def since(self) -> datetime | None: ...


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which cases: of a domain, these, decided or not, since a moment."""

    domain: str
    ids: tuple[str, ...]
    """Whole ids, each once; none of them chooses all cases of the domain."""
    decided: bool | None
    since: datetime | None

    @classmethod
    def of(cls, asked: Asked, unit: UnitOfWork) -> "Choice":
        """The choice with whole ids. NotFound; UsageError for a case of another domain."""
        ids = tuple(dict.fromkeys(unit.cases.resolve(x) for x in asked.cases))
        for case in ids:
            other = unit.cases.get(case).domain
            if other != asked.domain:
                raise UsageError(f"case {case[:12]} is one of {other}, not of {asked.domain}")
        return cls(domain=asked.domain, ids=ids, decided=asked.decided, since=asked.since)


def chosen(choice: Choice, unit: UnitOfWork) -> Iterator[CaseExport]:
    """The cases, one after the other."""
    found = _named(choice, unit) if choice.ids else unit.worklist.export(choice.domain)
    return (x for x in found if _wanted(x, choice))


def expected(choice: Choice, unit: UnitOfWork) -> int | None:
    """How many they will be; None where that is not known before they are read."""
    if choice.since is not None:
        return None
    if choice.ids:
        return len(choice.ids) if choice.decided is None else None
    counts = unit.worklist.counts(choice.domain).by_status
    decided = counts[CaseStatus.DECIDED]
    known = {None: sum(counts.values()), True: decided, False: sum(counts.values()) - decided}
    return known[choice.decided]


def _named(choice: Choice, unit: UnitOfWork) -> Iterator[CaseExport]:
    for case in choice.ids:
        yield from unit.worklist.exported([case])


def _wanted(item: CaseExport, choice: Choice) -> bool:
    decided = item.case.status is CaseStatus.DECIDED
    if choice.decided is not None and decided != choice.decided:
        return False
    last = item.decisions[-1].decided_at if decided and item.decisions else item.case.opened_at
    return choice.since is None or last >= choice.since
