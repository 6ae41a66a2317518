"""PDF documents through pypdf, page by page."""

from io import BytesIO
from pathlib import Path

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from secondlook.intake.blocks import find_blocks
from secondlook.intake.charset import clean
from secondlook.intake.outcome import Reason, Refused, mebibytes
from secondlook.intake.parsed import Document
from secondlook.intake.pdf_text import text_of
from secondlook.settings import Limits

TAIL = 4096
PAGE_BYTES = 16 * 2**20  # of drawing instructions; a page of text has some kilobytes


def read_pdf(source: Path | BytesIO, limits: Limits) -> Document:
    """The text of all pages, each page on lines of its own.

    pypdf's own limits on streams stay in force.
    """
    _check_end(source)
    try:
        reader = PdfReader(source)
        if reader.is_encrypted and not reader.decrypt(""):
            raise _encrypted()
        pages = len(reader.pages)
        if pages > limits.max_pages:
            detail = f"{pages:,} pages; limits.max_pages is {limits.max_pages:,}."
            raise Refused(Reason.TOO_MANY_PAGES, detail)
        return _assemble(reader, limits)
    except (FileNotDecryptedError, DependencyError):
        raise _encrypted() from None
    except LimitReachedError:
        detail = "A stream unpacks to more than the PDF reader allows; print it to a new PDF."
        raise Refused(Reason.UNPACKS_TOO_LARGE, detail) from None
    except PyPdfError as error:
        detail = f"The PDF cannot be read ({type(error).__name__}); print it to a new PDF."
        raise Refused(Reason.DAMAGED, detail) from None


def _assemble(reader: PdfReader, limits: Limits) -> Document:
    parts: list[str] = []
    starts: list[int] = []
    position = 0
    for page in reader.pages:
        _check_page(page)
        text = clean(text_of(page))
        starts.append(position)
        parts.append(text)
        position += len(text) + 1
        if position > limits.max_text_chars:
            break
    whole = "\n".join(parts)
    return Document(whole, find_blocks(whole, starts), starts)


def _check_page(page: PageObject) -> None:
    contents = page.get_contents()
    size = len(contents.get_data()) if contents is not None else 0
    if size > PAGE_BYTES:
        detail = f"A page unpacks to {mebibytes(size)}; {mebibytes(PAGE_BYTES)} is read at most."
        raise Refused(Reason.UNPACKS_TOO_LARGE, detail)


def _check_end(source: Path | BytesIO) -> None:
    """pypdf mends a PDF that was cut short, and the pages that are gone would not be missed."""
    if b"%%EOF" not in _tail(source):
        raise Refused(Reason.TRUNCATED, "The PDF has no end mark; copy the file again.")


def _tail(source: Path | BytesIO) -> bytes:
    if isinstance(source, BytesIO):
        return source.getvalue()[-TAIL:]
    with source.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        return file.read()


def _encrypted() -> Refused:
    return Refused(Reason.ENCRYPTED, "The PDF is encrypted; save it without a password.")
