"""Labelled cases as the models see them: prepared by their domain, read when they are needed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from secondlook.cases import NOTHING, Case
from secondlook.digests import names_sha256
from secondlook.domain import Domain
from secondlook.eligibility import Eligibility
from secondlook.engine import CasePictures
from secondlook.errors import IntakeError, ModelError
from secondlook.scans import scans_of
from secondlook_workflows.context import Context
from secondlook_workflows.datasets import Labelled
from secondlook_workflows.known_goods import KnownGoods, known_goods
from secondlook_workflows.learning import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.backbones import TextBackbone
    from secondlook.models.vision import PatchNetwork
    from secondlook.training.labelled import LabelledCase

NEVER_WHETHER = (
    "no case without a finding was among them: the adapter says which label, never whether; "
    "add cases labelled `good` to learn that too"
)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What labelled cases are learned with."""

    classes: tuple[str, ...]
    """In the order of the taxonomy; NOTHING last, where there is such a case."""
    several: bool
    """Whether some case has several labels."""
    vision: "PatchNetwork | None"
    text: "TextBackbone | None"
    counts: Mapping[str, int]
    read: Callable[[Case], "Callable[[], tuple[NDArray[np.uint8], ...]]"]
    """What loads the pictures of a case as its domain prepares them."""
    passages: Callable[[Case], tuple[str, ...]]
    goods: KnownGoods
    """What is known of good parts already."""
    eligibility: Eligibility | None = None
    """What is looked at; None where the domain binds its adapters to nothing."""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        cases: Sequence[Labelled],
        task: Task,
        context: Context,
        like: "Prepared | None" = None,
    ) -> "Prepared":
        """With the classes and the goods part of `like`, where it is given.

        Raises ModelError for labels that the domain does not know.
        """
        from secondlook.models.forward import passages_of
        from secondlook.models.goods import network_of

        domain = task.domain
        several = like.several if like else any(len(x.labels) > 1 for x in cases)
        classes = like.classes if like else _classes(cases, domain, several)
        pictures = any(x.case.images() for x in cases)
        texts = any(x.case.records for x in cases)
        reader = context.runtime.text(context.workspace.settings.text_backbone) if texts else None
        goods = like.goods if like else known_goods(task, context)
        eligibility = eligible(cases, domain, task.config.eligible)
        counted = Counter(label for x in cases for label in x.labels or {NOTHING})
        return cls(
            classes=classes,
            several=several,
            vision=network_of(task.vision) if pictures else None,
            text=reader,
            counts={x: counted[x] for x in (*classes, NOTHING) if counted[x]},
            read=_reader(cases, domain, context, eligibility),
            passages=lambda case: tuple(passages_of(domain.prepare(case, {}))),
            goods=goods,
            eligibility=eligibility,
            notes=(*_notes(classes, several), *_bound(eligibility), *goods.notes),
        )


def labelled_cases(
    cases: Sequence[Labelled], prepared: Prepared, most: int
) -> "list[LabelledCase]":
    """The cases in the words of `training.labelled`."""
    from secondlook.training.labelled import LabelledCase

    return [
        LabelledCase(
            images=prepared.read(x.case),
            slices=_sliced(x.case),
            passages=prepared.passages(x.case),
            labels=tuple(x.labels) if prepared.several else tuple(x.labels or {NOTHING}),
            group=x.group,
            key=case_key(x.case),
        )
        for x in cases
    ]


def picture_loaders(
    cases: Sequence[Labelled], domain: Domain, context: Context
) -> "Callable[[Case], tuple[Callable[[], NDArray[np.uint8]], ...]]":
    """What loads each picture of a case by itself, as its domain prepares it."""
    paths = {sha256: path for x in cases for sha256, path in x.paths.items()}

    def load(case: Case, sha256: str) -> "NDArray[np.uint8]":
        try:
            pixels = CasePictures(case, context.plugins, lambda x: paths[x.sha256])[sha256]
        except KeyError:
            raise _gone(case) from None
        prepared = domain.prepare(case, {sha256: pixels}).images
        if not prepared:
            raise IntakeError(f"{domain.title} does not look at a picture of {case.title}")
        return prepared[0].pixels

    return lambda case: tuple(partial(load, case, x.sha256) for x in case.images())


def check_labels(cases: Sequence[Labelled], domain: Domain) -> None:
    """Raises ModelError for labels that the domain does not know."""
    known = domain.taxonomy.codes
    if unknown := sorted({label for x in cases for label in x.labels} - set(known)):
        raise ModelError(
            f"{domain.title} knows no label {unknown[0]!r} (of {len(unknown)} such): correct the "
            f"labels or add them in the settings of the domain; it knows {', '.join(known)}"
        )


KEY = 12
"""Characters of a case's key that an adapter remembers of what it learned from."""


def case_key(case: Case) -> str:
    """sha256 over the files and records of a case, whatever it is called."""
    names = [f"a:{x.sha256}" for x in case.attachments] + [f"r:{x.sha256}" for x in case.records]
    return names_sha256(names)


def eligible(
    cases: Sequence[Labelled], domain: Domain, stated: Mapping[str, str]
) -> Eligibility | None:
    """What an adapter that learns from these cases may look at.

    Raises UsageError for what it cannot be narrowed to.
    """
    if not domain.eligible_by:
        return None
    scans = [y for x in cases for y in scans_of(x.case.attachments) if y.problem is None]
    return Eligibility.of(scans, domain.eligible_by).narrowed_to(stated, domain.eligible_by)


def _bound(eligibility: Eligibility | None) -> tuple[str, ...]:
    return () if eligibility is None else (f"it looks at: {'; '.join(eligibility.lines())}",)


def _sliced(case: Case) -> bool:
    return any(x.kind == "volume" and x.problem is None for x in scans_of(case.attachments))


def _classes(cases: Sequence[Labelled], domain: Domain, several: bool) -> tuple[str, ...]:
    check_labels(cases, domain)
    met = {label for x in cases for label in x.labels}
    nothing = not several and any(not x.labels for x in cases)
    known = (x for x in domain.taxonomy.codes if x in met)
    return (*known, *([NOTHING] if nothing else []))


def _reader(
    cases: Sequence[Labelled],
    domain: Domain,
    context: Context,
    eligibility: Eligibility | None,
) -> Callable[[Case], "Callable[[], tuple[NDArray[np.uint8], ...]]"]:
    paths = {sha256: path for x in cases for sha256, path in x.paths.items()}
    rule = eligibility.trusting() if eligibility is not None else None

    def load(case: Case) -> "tuple[NDArray[np.uint8], ...]":
        pictures = CasePictures(case, context.plugins, lambda x: paths[x.sha256], rule)
        try:
            return tuple(x.pixels for x in domain.prepare(case, pictures).images)
        except KeyError:  # the file of an attachment was not read
            raise _gone(case) from None

    return lambda case: lambda: load(case)


def _gone(case: Case) -> IntakeError:
    return IntakeError(f"a file of {case.title} is not there")


def _notes(classes: Sequence[str], several: bool) -> tuple[str, ...]:
    if several or NOTHING in classes:
        return ()
    return (NEVER_WHETHER,)
