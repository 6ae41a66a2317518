"""The one code path: what is read, in what order, and what an assessment says of its making."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondlook import Attachment, Case, Role, hookimpl
from secondlook.discovery import load_plugins
from secondlook.engine import CasePictures, Engine, inputs_digest
from secondlook.errors import IntakeError
from secondlook.evidence import AnomalyMap
from secondlook.maps import decode_map, encode_map
from secondlook.models.runtime import Runtime
from secondlook.settings import Settings


class _Reader:
    """Shows every attachment as a grey picture and remembers which were asked for."""

    def __init__(self) -> None:
        self.read: list[str] = []

    @hookimpl
    def load_attachment(self, attachment: Attachment, content: Path) -> Any:
        self.read.append(attachment.sha256)
        return np.full((8, 8, 3), 128, dtype=np.uint8)


def _engine(reader: object) -> Engine:
    plugins = load_plugins()
    plugins.manager.register(reader, name="reader")
    return Engine(
        plugins=plugins,
        runtime=Runtime(plugins.backbones),
        settings=Settings(),
        locate=lambda attachment: Path(attachment.name),
        keep=lambda data: "0" * 64,
    )


def test_a_case_without_an_adapter_is_abstained_on_and_says_so(a_case: Case) -> None:
    reader = _Reader()
    assessment = _engine(reader).assess(a_case)
    assert reader.read == []  # nobody would look at it
    assert assessment.abstention is not None
    assert assessment.abstention.reason == "no_adapter"
    assert assessment.case_id == a_case.id
    assert assessment.provenance.adapter is None


def test_pictures_are_read_only_when_the_domain_asks(a_case: Case) -> None:
    reader = _Reader()
    scan = replace(a_case.attachments[0], role=Role.VOLUME)
    exam = replace(a_case, domain="radiology-assistant", attachments=(scan,))
    _engine(reader).assess(exam)
    assert reader.read == []  # no adapter of that domain looks at pictures


def test_a_picture_that_nobody_can_read_is_an_error_with_its_type(a_case: Case) -> None:
    unknown = replace(a_case.attachments[0], media_type="image/unheard-of")
    case = replace(a_case, attachments=(unknown,))
    pictures = CasePictures(case, load_plugins(), lambda x: Path(x.name))
    assert list(pictures) == [unknown.sha256]
    with pytest.raises(IntakeError, match="image/unheard-of"):
        pictures[unknown.sha256]


@pytest.mark.parametrize(
    "other", [{"min_similarity": 0.5}, {"min_similarity": 0.4, "other": 1}, {"x": [1, 2]}]
)
def test_other_settings_are_other_inputs(a_case: Case, other: Mapping[str, object]) -> None:
    settings = {"min_similarity": 0.4}
    assert inputs_digest(a_case, settings) == inputs_digest(a_case, dict(settings))
    assert inputs_digest(a_case, settings) != inputs_digest(a_case, other)
    assert inputs_digest(a_case, settings) != inputs_digest(
        replace(a_case, attachments=()), settings
    )


def test_a_map_comes_back_within_one_grey_level() -> None:
    scores = np.random.default_rng(0).normal(3, 2, (9, 7)).astype(np.float32)
    low, high = float(scores.min()), float(scores.max())
    evidence = AnomalyMap(attachment="a", blob="b", low=low, high=high)
    back = decode_map(encode_map(scores), evidence)
    assert back.shape == scores.shape
    assert np.abs(back - scores).max() <= (high - low) / 255 / 2 + 1e-5


def test_a_flat_map_is_no_division_by_zero() -> None:
    scores = np.full((3, 3), 2.0, dtype=np.float32)
    evidence = AnomalyMap(attachment="a", blob="b", low=2.0, high=2.0)
    assert (decode_map(encode_map(scores), evidence) == 2.0).all()
