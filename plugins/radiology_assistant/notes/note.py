"""What is read out of a note. All places are offsets into `record.text`."""

from dataclasses import dataclass

from secondlook import Assertion, Passage


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading: `record.text[start:end]`, without the heading."""

    name: str
    """`indication`, `history`, `past`, `comparison`, `technique`, `findings`, `impression`,
    `recommendation`; of clinical notes `examination`, `assessment`, `plan`; `document` for text
    without a heading."""
    start: int
    end: int
    known: bool
    """Whether it was surely written before the exam is read: then it may feed a model."""
    raises: bool
    """Whether what it says raises the exam: also where it may be a report or a referral."""
    assertion: Assertion = "affirmed"
    """How a finding is meant that is named here with nothing else said."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A finding that a note names: `record.text[start:end]` are the words that name it."""

    label: str
    """Its name in `vocabulary.toml`, which knows more findings than the taxonomy."""
    start: int
    end: int
    assertion: Assertion
    section: str
    known: bool
    """Whether it is said in a section that was surely written before the exam is read."""
    raises: bool
    """Whether it raises the exam: see `Section.raises`."""
    sentence: tuple[int, int]
    """Start and end of the sentence that says it."""
    cue: str = ""
    """The words that say how it is meant; empty where the section alone says it."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read."""

    sections: tuple[Section, ...]
    mentions: tuple[Mention, ...]
    known: tuple[Passage, ...]
    """The passages of `before_reading`."""
