"""Values that many tests need."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from secondlook import Assessment, Attachment, Case, Decision, Provenance, Role

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Whatever a module before did: tiny tensors on many threads wait more than they compute."""
    torch = sys.modules.get("torch")
    if torch is None:  # what loads it later finds OMP_NUM_THREADS
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def a_case() -> Case:
    """A case with one picture."""
    picture = Attachment(
        sha256="a" * 64, name="part.png", media_type="image/png", size=10, role=Role.IMAGE
    )
    return Case(
        id="c" * 64,
        domain="defect-inspector",
        title="part.png",
        product="tile",
        attachments=(picture,),
        records=(),
        opened_at=NOW,
    )


@pytest.fixture
def an_assessment(a_case: Case) -> Assessment:
    """An assessment of that case."""
    return Assessment(
        id="1" * 32,
        case_id=a_case.id,
        created_at=NOW,
        provenance=Provenance(code_version="test", inputs="2" * 64),
    )


@pytest.fixture
def a_decision(a_case: Case) -> Decision:
    """A decision about that case."""
    return Decision(
        id="3" * 32, case_id=a_case.id, reviewer="ada", disposition="accept", decided_at=NOW
    )
