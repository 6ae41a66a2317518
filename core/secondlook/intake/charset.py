"""Bytes to text: byte order marks, UTF-8, UTF-16, and what charset-normalizer finds."""

import codecs
import re

from charset_normalizer import from_bytes

from secondlook.intake.outcome import Reason, Refused

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOK = 256 * 1024  # how many bytes are enough to tell an encoding
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
UNSAFE = {c: " " for c in range(32) if c not in (9, 10)} | {0x7F: " "}
UNSAFE |= {c: "\ufffd" for c in range(0xD800, 0xE000)}
MULTIBYTE_SHARE = 0.3  # of all letters; above it a text is hardly written in a Latin alphabet


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding, by mark, by pattern, and at last by statistics.

    Raises Refused(UNSUPPORTED) for bytes that are no text.
    """
    encoding = _marked(data) or _unmarked(data)
    if encoding is None:
        raise Refused(Reason.UNSUPPORTED, "The content is neither text nor a known format.")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        detail = f"The text is not valid {encoding}; save it as UTF-8."
        raise Refused(Reason.DAMAGED, detail) from None
    return clean(text), encoding


def clean(text: str) -> str:
    """The text with line ends as `\\n` and nothing that a database or a terminal stumbles over.

    Control characters become blanks and lone surrogates U+FFFD.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(UNSAFE)


def is_textual(head: bytes) -> bool:
    """Whether the first bytes of a file can be text in any encoding read here."""
    if _marked(head) or _wide(head):
        return True
    return len(CONTROLS.findall(head)) <= len(head) // 500


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in MARKS if data.startswith(mark)), None)


def _unmarked(data: bytes) -> str | None:
    if wide := _wide(data):
        return wide
    if not is_textual(data[:LOOK]):
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _eight_bit(data)
    return "utf-8"


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark shows as NULs in every other byte."""
    even, odd = data[:LOOK:2], data[1:LOOK:2]
    if not odd:
        return None
    if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


def _eight_bit(data: bytes) -> str | None:
    """A single foreign letter now and then is Windows-1252, which holds Latin-1.

    Statistics guess wrongly on short texts of this kind, so they decide only on the others.
    """
    high = sum(byte > 0x7F for byte in data[:LOOK])
    ascii_letters = sum(chr(byte).isalpha() for byte in data[:LOOK] if byte < 0x80)
    if high <= MULTIBYTE_SHARE * (high + ascii_letters):
        return _latin(data)
    best = from_bytes(data[:LOOK]).best()
    return best.encoding if best else _latin(data)


def _latin(data: bytes) -> str:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"
