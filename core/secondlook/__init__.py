"""secondlook: a model takes the first look at a case, a person takes the second and decides.

These are the public names. A plugin needs nothing else.
"""

from secondlook.amending import amend, amended_at, unamended
from secondlook.assessments import Abstention, Assessment, BackboneRef, Finding, Flag, Provenance
from secondlook.cases import (
    NOTHING,
    Attachment,
    Case,
    CaseStatus,
    NewCase,
    Passage,
    ProductSpec,
    Record,
    Role,
    Zone,
)
from secondlook.decisions import Act, Area, Decision, FindingAct, How, Lease
from secondlook.domain import (
    CaseSource,
    Disposition,
    Domain,
    IntakeFile,
    Label,
    ManifestRow,
    Opened,
    Panel,
    Reason,
    Taxonomy,
    Unused,
    Verdict,
)
from secondlook.errors import IntakeError, SecondlookError
from secondlook.evidence import (
    AnomalyMap,
    Assertion,
    CitedPassage,
    Evidence,
    LabelProbabilities,
    Measurement,
    ModalityContribution,
    PriorCase,
    Region,
    Ruling,
    SliceShare,
    Statement,
)
from secondlook.exporting import AuditReference, ExportReader
from secondlook.hookspecs import hookimpl
from secondlook.intake.series import Stack, stacks_of
from secondlook.intended_use import IntendedUse
from secondlook.layout import Line, cells_of, ends_sentence, lines_of
from secondlook.model_io import (
    Answers,
    ImageInput,
    ImageOutputs,
    ModelInputs,
    ModelOutputs,
    NotLookedAt,
    PassageMatch,
    Query,
)
from secondlook.models.backbones import load_backbone
from secondlook.queues import Band, Queue
from secondlook.reading import read_document
from secondlook.registry import BackboneSpec, Exporter
from secondlook.scans import Scan, image_inputs, scans_of
from secondlook.store.worklist_values import CaseExport

__version__ = "0.1.0"

__all__ = [
    "NOTHING",
    "Abstention",
    "Act",
    "AnomalyMap",
    "Answers",
    "Area",
    "Assertion",
    "Assessment",
    "Attachment",
    "AuditReference",
    "BackboneRef",
    "BackboneSpec",
    "Band",
    "Case",
    "CaseExport",
    "CaseSource",
    "CaseStatus",
    "CitedPassage",
    "Decision",
    "Disposition",
    "Domain",
    "Evidence",
    "ExportReader",
    "Exporter",
    "Finding",
    "FindingAct",
    "Flag",
    "How",
    "ImageInput",
    "ImageOutputs",
    "IntakeError",
    "IntakeFile",
    "IntendedUse",
    "Label",
    "LabelProbabilities",
    "Lease",
    "Line",
    "ManifestRow",
    "Measurement",
    "ModalityContribution",
    "ModelInputs",
    "ModelOutputs",
    "NewCase",
    "NotLookedAt",
    "Opened",
    "Panel",
    "Passage",
    "PassageMatch",
    "PriorCase",
    "ProductSpec",
    "Provenance",
    "Query",
    "Queue",
    "Reason",
    "Record",
    "Region",
    "Role",
    "Ruling",
    "Scan",
    "SecondlookError",
    "SliceShare",
    "Stack",
    "Statement",
    "Taxonomy",
    "Unused",
    "Verdict",
    "Zone",
    "amend",
    "amended_at",
    "cells_of",
    "ends_sentence",
    "hookimpl",
    "image_inputs",
    "lines_of",
    "load_backbone",
    "read_document",
    "scans_of",
    "stacks_of",
    "unamended",
]
