"""Documents of every format as text with passages, within the limits."""

from pathlib import Path

from secondlook.cases import Role, Scalar
from secondlook.intake.charset import decode
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.parsed import Document, Parsed
from secondlook.intake.passages import from_blocks, split
from secondlook.intake.sniff import Format
from secondlook.settings import Limits

BYTES_PER_CHAR = 4
MAX_PASSAGES = 50_000  # far more than any manual; lists of single letters would fill the memory


def read_document(path: Path, found: Format, limits: Limits) -> Parsed:
    """The text of the document and its passages. Raises Refused(NO_TEXT) if there is none."""
    facts: dict[str, Scalar] = {}
    if found is Format.PDF:
        from secondlook.intake.pdf import read_pdf

        document = read_pdf(path, limits)
        facts["pages"] = len(document.pages)
    elif found is Format.WORD:
        from secondlook.intake.word import read_word

        document = read_word(path, limits)
    elif found is Format.JSON:
        text, facts["encoding"] = decode(_bytes(path, found, limits))
        document, found, more = _structured(text, limits)
        facts |= more
    else:
        text, facts["encoding"] = decode(_bytes(path, found, limits))
        document = _marked_up(text, found)
    return _finish(document, found, facts, limits)


def _bytes(path: Path, found: Format, limits: Limits) -> bytes:
    """The whole file, after a look at its size; HTML and JSON may hold much besides text."""
    most = limits.max_text_chars * BYTES_PER_CHAR
    if found in (Format.HTML, Format.JSON):
        most = max(most, limits.max_unpacked_bytes // 8)
    size = path.stat().st_size
    if size > most:
        detail = f"{mebibytes(size)} of text; {mebibytes(most)} is read at most: split the file."
        raise Refused(Reason.TOO_LARGE, detail)
    return path.read_bytes()


def _structured(text: str, limits: Limits) -> tuple[Document, Format, dict[str, Scalar]]:
    """JSON, and which of the formats it is in."""
    from secondlook.intake.fhir import is_fhir, read_fhir
    from secondlook.intake.json_text import load, read_json

    value = load(text)
    if is_fhir(value):
        document, facts = read_fhir(value, limits)
        return document, Format.FHIR, facts
    return read_json(value), Format.JSON, {}


def _marked_up(text: str, found: Format) -> Document:
    if found is Format.HTML:
        from secondlook.intake.html import read_html

        return read_html(text)
    if found is Format.MARKDOWN:
        from secondlook.intake.markdown import read_markdown

        return read_markdown(text)
    return Document(text, ())


def _finish(document: Document, found: Format, facts: dict[str, Scalar], limits: Limits) -> Parsed:
    if len(document.text) > limits.max_text_chars:
        detail = f"The text is longer than limits.max_text_chars, {limits.max_text_chars:,}."
        raise Refused(Reason.TOO_LARGE, detail)
    if found is Format.TEXT:
        passages = split(document.text)
    else:
        passages = from_blocks(document.text, document.blocks, document.pages)
    if not passages:
        remedy = "; scanned pages need OCR first" if found is Format.PDF else ""
        raise Refused(Reason.NO_TEXT, f"The document holds no text{remedy}.")
    if len(passages) > MAX_PASSAGES:
        detail = f"The text falls into {len(passages):,} pieces; {MAX_PASSAGES:,} are kept at most."
        raise Refused(Reason.TOO_LARGE, detail)
    return Parsed(found.value, Role.DOCUMENT, facts, document.text, passages)
