"""One worker's part of `assess`: which cases wait, and one stored case after the other."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from secondlook.assessments import Assessment
from secondlook.cases import Case
from secondlook.engine import Engine
from secondlook.errors import BadValue, ModelError, NotFound, SecondlookError, StoreError
from secondlook.rejudging import up_to_date
from secondlook_workflows.champions import Champions
from secondlook_workflows.context import Context
from secondlook_workflows.embed import EmbedReport, embed_images, image_backbone

PAGE = 200
log = logging.getLogger("secondlook")
Group = tuple[str, str | None]
"""Domain and product."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one case; nothing of it is set where the case was left as it is."""

    assessed: bool = False
    abstained: bool = False
    failure: str | None = None


class Assessor:
    """Assesses stored cases with resident models.

    Attributes:
        skipped: domains and products whose adapter or plugin is broken, with the reason. Their
            cases are not touched: they are as good as before once it is mended.
    """

    def __init__(
        self, context: Context, *, domain: str | None = None, adapter: str | None = None
    ) -> None:
        self.skipped: dict[str, str] = {}
        self._context = context
        self._champions = Champions(context, domain=domain, adapter=adapter)
        blobs = context.workspace.blobs
        self._engine = Engine(
            plugins=context.plugins,
            runtime=context.runtime,
            settings=context.workspace.settings,
            locate=lambda attachment: blobs.path(attachment.sha256),
            keep=blobs.put_bytes,
        )

    def waiting(self, domain: str | None, limit: int | None) -> Iterator[str]:
        """Ids of the cases that wait for a first look, group by group."""
        groups = self._usable(domain)
        with self._context.workspace.database.read() as unit:
            total = sum(unit.cases.count_pending(*x, self._champions.id(*x)) for x in groups)
        self._context.progress.start("first looks", min(total, limit or total))
        for group in groups:
            yield from self._pages(group)

    def assess(self, case_id: str) -> Outcome:
        """Take the first look at one case and store what came of it."""
        with self._context.workspace.database.read() as unit:
            case = unit.cases.get(case_id)
        if not self._check((case.domain, case.product)):
            return Outcome()
        try:
            assessment = self._look(case)
        except ModelError as error:  # a backbone: the next case of this kind would fail alike
            self.skipped[_name((case.domain, case.product))] = str(error)
            return Outcome()
        except (NotFound, BadValue) as error:  # its files are gone, or a domain's NaN
            return self._fail(case, error)
        except StoreError:
            raise  # the database itself
        except Exception as error:  # noqa: BLE001 - one bad case must not stop the others
            return self._fail(case, error)
        return Outcome(assessed=True, abstained=assessment.abstention is not None)

    def _look(self, case: Case) -> Assessment:
        adapter = self._champions.load(case.domain, case.product)
        assessment = self._engine.assess(case, adapter)
        self._remember(case, assessment)
        with self._context.workspace.database.write() as unit:
            added = unit.assessments.add(assessment, actor=self._context.actor)
            if self._changed_since(unit.cases.get(case.id), assessment):
                unit.assessments.wait(case.id, actor=self._context.actor)
            unit.commit()
        if added:
            self._context.plugins.case_assessed(case, assessment)
        return assessment

    def _changed_since(self, case: Case, assessment: Assessment) -> bool:
        """Whether a file came, or the product was described anew, during the look."""
        settings = self._context.workspace.settings.plugins.get(case.domain, {})
        return not up_to_date(case, assessment, settings)

    def _remember(self, case: Case, assessment: Assessment) -> None:
        """Keep the vectors of pictures that were looked at, so that like cases can be found."""
        if assessment.provenance.adapter is None:
            return
        used = {x.fingerprint for x in assessment.provenance.backbones}
        try:
            vision = image_backbone(self._context)
            if vision.ref.fingerprint in used:
                embed_images(vision, self._context, EmbedReport(), case_id=case.id)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the first look stands without them
            log.warning("case %s has no vectors: %s", case.id, type(error).__name__)

    def _fail(self, case: Case, error: Exception) -> Outcome:
        reason = str(error) if isinstance(error, SecondlookError) else type(error).__name__
        log.warning("case %s could not be assessed: %s", case.id, type(error).__name__)
        with self._context.workspace.database.write() as unit:
            unit.assessments.fail(case.id, reason, actor=self._context.actor)
            unit.commit()
        return Outcome(failure=reason)

    def _usable(self, domain: str | None) -> list[Group]:
        with self._context.workspace.database.read() as unit:
            groups = [(name, product) for name, product, _ in unit.cases.groups(domain)]
        return [x for x in groups if self._champions.serves(*x) and self._check(x)]

    def _check(self, group: Group) -> bool:
        """Whether the group's plugin and adapter are there; a broken one is noted."""
        name = _name(group)
        if name in self.skipped:
            return False
        if group[0] not in self._context.plugins.domains:
            self.skipped[name] = (
                f"no loaded plugin brings {group[0]}; see `secondlook plugins list`"
            )
            return False
        try:
            self._champions.load(*group)
        except ModelError as error:
            self.skipped[name] = str(error)
            return False
        return True

    def _pages(self, group: Group) -> Iterator[str]:
        """A case that fails stays pending, so pages go on after the last id, not from zero."""
        adapter, after = self._champions.id(*group), None
        while True:
            with self._context.workspace.database.read() as unit:
                page = unit.cases.pending(*group, adapter, limit=PAGE, after=after)
            if not page:
                return
            yield from page
            after = page[-1]


def _name(group: Group) -> str:
    return "/".join(x for x in group if x)
