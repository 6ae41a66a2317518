"""Reads clinical notes and reports: sections, findings that they name, and how each is meant.

    note = read_note(record)
    passages = before_reading(record)

Rules and words, no model: what is looked for stands in `vocabulary.toml`, `cues.toml` and
`headings.toml` beside this file.
"""

from radiology_assistant.notes.note import Mention, Note, Section
from radiology_assistant.notes.reading import before_reading, read_note

__all__ = ["Mention", "Note", "Section", "before_reading", "read_note"]
