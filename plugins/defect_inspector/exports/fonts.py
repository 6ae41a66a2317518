"""Fonts of printed reports: which font has which letter, and which letters none has.

The font that comes with reportlab (Bitstream Vera) prints the languages of western Europe. All
others need a font of this machine with TrueType outlines; a letter that none of them has is never
printed as an empty box, but as its number, and the report says so.
"""

import os
import unicodedata
from collections.abc import Iterator
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

REGULAR, BOLD = "Vera", "VeraBd"
KNOWN = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "uming.ttc", "NotoSansSC-Regular.ttf", "msyh.ttc",
    "simsun.ttc", "malgun.ttf", "msgothic.ttc", "Arial Unicode.ttf", "STHeiti Light.ttc",
)  # fmt: skip
"""Fonts with many letters, in the order in which they are asked. OpenType fonts with PostScript
outlines, such as Debian's fonts-noto-cjk, cannot be put into these PDFs."""
NUMBERS = 8
"""Letters in a row that stand as their numbers; further ones are counted."""
ADVICE = (
    "install a TrueType font that has them (on Debian the package fonts-droid-fallback for "
    "Chinese), or use the format ncr-html"
)


def font_folders() -> tuple[Path, ...]:
    """Where systems keep fonts."""
    home = Path.home()
    return (
        home / ".local/share/fonts",
        home / "Library/Fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
        Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
    )


class Letters:
    """Writes texts as markup for paragraphs, and keeps which letters it had no font for."""

    def __init__(self) -> None:
        self.missing: dict[str, None] = {}

    def markup(self, text: str, base: str = REGULAR) -> str:
        """The text, escaped, every letter in a font that has it."""
        shown = unicodedata.normalize("NFC", text)
        runs = groupby(shown, key=lambda x: self._font(x, base))
        return "".join(self._run(font, "".join(letters)) for font, letters in runs)

    def _font(self, letter: str, base: str) -> str | None:
        """The name of a font that has the letter: none of its own, "" for the base."""
        if _has(base, letter):
            return ""
        found = None if _needs_shaping(letter) else _fallback(letter)
        if found is None:
            self.missing[letter] = None
        return found

    def _run(self, font: str | None, text: str) -> str:
        if font is None:
            numbers = "".join(f"[U+{ord(x):04X}]" for x in text[:NUMBERS])
            further = len(text) - NUMBERS
            return f"{numbers}[{further} more letters]" if further > 0 else numbers
        return f'<font name="{font}">{escape(text)}</font>' if font else escape(text)


def register() -> None:
    """Make the fonts known; again does nothing."""
    for name in (REGULAR, BOLD):
        _own(name)


@cache
def _own(name: str) -> TTFont:
    font = TTFont(name, str(Path(reportlab.__file__).parent / "fonts" / f"{name}.ttf"))
    pdfmetrics.registerFont(font)
    return font


def _has(name: str, letter: str) -> bool:
    return ord(letter) in _own(name).face.charToGlyph


def _needs_shaping(letter: str) -> bool:
    """Whether it changes with its neighbours or runs from the right, which is not done here."""
    return (
        unicodedata.bidirectional(letter) in ("R", "AL", "AN")
        or unicodedata.category(letter) in ("Mn", "Mc", "Me")
        or "\u0900" <= letter <= "\u0dff"
    )


@cache
def _fallback(letter: str) -> str | None:
    """The first font of this machine that has the letter."""
    fonts = (x for path in font_files() if (x := _load(path)) is not None)
    return next((x.fontName for x in fonts if ord(letter) in x.face.charToGlyph), None)


@cache
def font_files() -> tuple[Path, ...]:
    """The known fonts that are here, in their order."""
    found = {x.name: x for folder in font_folders()[::-1] for x in _files(folder)}
    return tuple(found[x] for x in KNOWN if x in found)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (x for x in sorted(folder.rglob("*.tt[fc]")) if x.name in KNOWN)


@cache
def _load(path: Path) -> TTFont | None:
    """The font, made known; None where it cannot be used."""
    try:
        font = TTFont(f"further-{path.stem}", str(path), subfontIndex=0)
    except (TTFError, OSError, ValueError, IndexError, KeyError):
        return None
    pdfmetrics.registerFont(font)
    return font


def forget() -> None:
    """Look for fonts anew."""
    for known in (_fallback, font_files, _load):
        known.cache_clear()
