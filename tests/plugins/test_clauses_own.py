"""Whole manuals of our own, in three languages and five formats: every clause, nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clause_lines import line
from manual_files import Own, manuals

from defect_inspector.clauses import read_clauses
from secondlook.intake.outcome import QuarantinedFile
from secondlook.intake.reader import Reader
from secondlook.settings import Limits


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(Limits()) as opened:
        yield opened


@pytest.mark.parametrize("own", manuals(), ids=lambda own: own.name)
def test_a_manual_is_read_as_a_person_reads_it(own: Own, reader: Reader, tmp_path: Path) -> None:
    outcome = reader.read(own.write(tmp_path), own.name, kind="manual")
    assert not isinstance(outcome, QuarantinedFile)
    assert outcome.record is not None
    read = read_clauses(outcome.record)
    assert sorted(f"{x.number or '-'} {line(x)}" for x in read.clauses) == sorted(own.clauses)
    listed = [" ".join(x.quote.split()) for x in read.unread]
    assert [x for x in own.unread if not any(x in quote for quote in listed)] == []
