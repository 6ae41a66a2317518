"""The one code path that assesses a case, whoever calls it: command, worker, UI or evaluation.

    pictures → domain.prepare → backbones and adapter → domain.assess → domain.recommend → flags

The same case and adapter give the same assessment, apart from its id and time.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from secondlook.assessments import Assessment, Finding, Provenance
from secondlook.cases import Attachment, Case
from secondlook.domain import Verdict
from secondlook.eligibility import Eligibility
from secondlook.errors import IntakeError
from secondlook.evidence import AnomalyMap
from secondlook.maps import encode_map
from secondlook.model_io import ImageOutputs, ModelInputs, ModelOutputs, NotLookedAt
from secondlook.plugins import Plugins
from secondlook.scans import Scan, places_shown, scans_of
from secondlook.version import code_version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.adapters import Adapter
    from secondlook.models.backbones import TextBackbone, VisionBackbone
    from secondlook.models.runtime import Runtime
    from secondlook.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Assesses cases with resident models.

    Attributes:
        locate: where the bytes of an attachment lie.
        keep: stores a small file (an anomaly map) and returns its sha256.
    """

    plugins: Plugins
    runtime: "Runtime"
    settings: "Settings"
    locate: Callable[[Attachment], Path]
    keep: Callable[[bytes], str]

    def assess(
        self,
        case: Case,
        adapter: "Adapter | None" = None,
        *,
        pictures: bool = True,
        explain: bool = True,
    ) -> Assessment:
        """Take the first look at a case.

        Args:
            pictures: False to see what the texts alone would say.
            explain: False to leave out what takes time and changes no finding.

        Raises:
            IntakeError: a picture of the case cannot be read any more.
            ModelError: a backbone or the adapter cannot be used.
        """
        domain = self.plugins.domain(case.domain)
        rule = adapter.eligibility if adapter else None
        seen = CasePictures(case, self.plugins, self.locate, rule) if adapter and pictures else None
        inputs = domain.prepare(case, {} if seen is None else seen)
        models = self._models(inputs, adapter)
        outputs = self._keep_maps(self._forward(inputs, models, adapter))
        outputs = replace(outputs, not_looked_at=() if seen is None else seen.left_out)
        verdict = domain.assess(case, outputs)
        findings = verdict.findings
        if explain and adapter is not None and outputs.answers is not None:
            findings = self._explained(findings, inputs, models, adapter)
        verdict = replace(verdict, findings=findings)
        return concluded(case, verdict, self._provenance(case, outputs), self.plugins)

    def _models(self, inputs: ModelInputs, adapter: "Adapter | None") -> "_Models":
        reads = adapter.card.answers.text if adapter and adapter.card.answers else None
        ranks = self.settings.text_backbone if inputs.queries else None
        return _Models(
            vision=self.runtime.vision(adapter.vision) if adapter and inputs.images else None,
            text=self.runtime.text(ranks) if ranks and inputs.records else None,
            reader=self.runtime.text(reads) if reads and inputs.records else None,
        )

    def _forward(
        self, inputs: ModelInputs, models: "_Models", adapter: "Adapter | None"
    ) -> ModelOutputs:
        from secondlook.models.forward import forward

        return forward(
            inputs, vision=models.vision, text=models.text, reader=models.reader, adapter=adapter
        )

    def _explained(
        self,
        findings: Sequence[Finding],
        inputs: ModelInputs,
        models: "_Models",
        adapter: "Adapter",
    ) -> tuple[Finding, ...]:
        from secondlook.models.explain.findings import explained

        return explained(
            findings,
            inputs,
            adapter=adapter,
            vision=models.vision,
            reader=models.reader,
            keep=self.keep,
        )

    def _provenance(self, case: Case, outputs: ModelOutputs) -> Provenance:
        return Provenance(
            code_version=code_version(),
            inputs=inputs_digest(case, self.settings.plugins.get(case.domain, {})),
            adapter=outputs.adapter,
            backbones=outputs.backbones,
            spec=case.spec,
        )

    def _keep_maps(self, outputs: ModelOutputs) -> ModelOutputs:
        return replace(outputs, maps={x.attachment: self._keep_map(x) for x in outputs.images})

    def _keep_map(self, image: ImageOutputs) -> AnomalyMap:
        scores = image.anomaly_map
        return AnomalyMap(
            attachment=image.attachment,
            blob=self.keep(encode_map(scores)),
            low=float(scores.min()),
            high=float(scores.max()),
        )


@dataclass(frozen=True, kw_only=True)
class _Models:
    """The backbones for one case; None where nothing is to be read with it."""

    vision: "VisionBackbone | None"
    text: "TextBackbone | None"
    """Ranks passages."""
    reader: "TextBackbone | None"
    """Reads passages for the adapter's answers."""


def concluded(case: Case, verdict: Verdict, provenance: Provenance, plugins: Plugins) -> Assessment:
    """A domain's verdict as an assessment: with its recommendation, and the flags of all plugins.

    Raises PluginError where no loaded plugin brings the domain of the case.
    """
    assessment = Assessment(
        id=uuid4().hex,
        case_id=case.id,
        created_at=datetime.now(UTC),
        provenance=provenance,
        findings=verdict.findings,
        evidence=verdict.evidence,
        disposition=plugins.domain(case.domain).recommend(case, verdict),
        abstention=verdict.abstention,
        score=verdict.score,
        priority=verdict.priority,
    )
    return replace(assessment, flags=plugins.flag_assessment(case, assessment))


def inputs_digest(case: Case, settings: Mapping[str, object]) -> str:
    """sha256 over all that an assessment is made from, apart from adapter and backbones.

    These are the hashes of files and records, what is known of the product, the domain's settings,
    and the code version: when one of them changes, a new look may say something else and is kept
    beside the old one. What the revision of a manual is called changes nothing.
    """
    names = [f"a:{a.sha256}" for a in case.attachments] + [f"r:{r.sha256}" for r in case.records]
    parts = [sorted(names), settings, code_version(), *_described(case)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _described(case: Case) -> list[object]:
    """What is known of the product; nothing where nothing is, as before products were described."""
    spec = case.spec
    if spec is None or not (spec.pitch_mm or spec.zones or spec.manual):
        return []
    return [[spec.pitch_mm, [asdict(zone) for zone in spec.zones], spec.manual]]


class CasePictures(Mapping[str, "NDArray[np.uint8]"]):
    """The pictures of a case, each read only when the domain asks for it.

    They are (H, W, 3) by the sha256 of their file. A volume can be asked for, too, by the key of
    its stack: its slices that are looked at, (S, H, W, 3).

    Attributes:
        left_out: the pictures and volumes that are not looked at, and why.
    """

    def __init__(
        self,
        case: Case,
        plugins: Plugins,
        locate: Callable[[Attachment], Path],
        eligibility: Eligibility | None = None,
    ) -> None:
        """`locate` says where the bytes of an attachment lie; `eligibility` what may be seen."""
        scans = scans_of(case.attachments)
        said = {x.key: y for x in scans if (y := _left_out(x, eligibility))}
        refused = {a.sha256 for x in scans if x.key in said for a in x.stack.attachments}
        if eligibility is None:
            refused = set()  # a domain may take slices for pictures, however they lie
        self.left_out = tuple(said.values())
        self._attachments = {a.sha256: a for a in case.images() if a.sha256 not in refused}
        self._volumes = {x.key: x for x in scans if x.kind == "volume" and x.key not in said}
        self._places = places_shown(scans)
        self._plugins, self._locate = plugins, locate

    def __getitem__(self, key: str) -> "NDArray[np.uint8]":
        """Raises IntakeError where no plugin can read it any more."""
        if key in self._volumes:
            from secondlook.models.slices import slice_pictures

            return slice_pictures(self._volumes[key].stack, self._locate, self._places[key])
        attachment = self._attachments[key]
        picture = self._plugins.load_attachment(attachment, self._locate(attachment))
        if picture is None:
            raise IntakeError(f"no plugin can read a picture of type {attachment.media_type}")
        return picture

    def __contains__(self, key: object) -> bool:
        return key in self._volumes or key in self._attachments

    def __iter__(self) -> Iterator[str]:
        return iter(self._attachments)

    def __len__(self) -> int:
        return len(self._attachments)


def _left_out(scan: Scan, eligibility: Eligibility | None) -> NotLookedAt | None:
    if scan.problem is not None:
        return NotLookedAt(key=scan.key, reason="geometry", message=scan.problem)
    said = None if eligibility is None else eligibility.refusal(scan)
    return None if said is None else NotLookedAt(key=scan.key, reason="not_eligible", message=said)
