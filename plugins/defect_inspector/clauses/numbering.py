"""Numbers and bullets before clauses and headings."""

import re

from secondlook import ends_sentence

BULLET = re.compile(
    r"\s*(?:[-*+•‣▪●◦·–—]\s+|[（(]?\d{1,3}[.)）、]\s*(?!\d)|[（(]?[a-zA-Z][.)）]\s+)(?=\S)"
)
NUMBER = re.compile(
    r"\s*(?:[-*+•‣▪●◦·–—]\s+)?(?:§\s*)?(?:[（(](?P<c>\d{1,3}|[a-zA-Z])[)）]|(?P<a>\d{1,3}(?:\.\d{1,3}){1,5})[.):：、]?"
    r"|(?P<b>\d{1,3})[.)、](?!\d)|(?P<d>[a-zA-Z])\)|(?P<f>[一二三四五六七八九十]{1,3})、|第(?P<g>[一二三四五六七八九十\d]{1,3})[章节条]|(?P<e>[A-Z]{1,4}-?\d{1,4}(?:\.\d{1,3}){0,3})[.):：](?!\d))[\s\u3000]*(?=\S)"
)
PLAIN_NUMBER = re.compile(r"\s*(?P<b>\d{1,2})[\s\u3000]+(?=[^\W\d_])")
UNIT_NEXT = re.compile(
    r"(?:mm|cm|µm|μm|um|in|m|%|inch|mil|毫米|厘米|微米|米|平方|个|处|条)(?![a-zA-Z])"
)
HEADING = 90  # characters; longer lines are sentences


def number_of(text: str, *, heading: bool) -> tuple[str | None, int]:
    """The number before a clause, and where its words begin."""
    match = NUMBER.match(text) or (plain_number(text) if heading else None)
    if match and not UNIT_NEXT.match(text, match.end()):
        return next(x for x in match.groupdict().values() if x), match.end()
    bullet = BULLET.match(text)
    return None, bullet.end() if bullet and not bullet[0].strip()[:1].isdigit() else 0


def plain_number(text: str) -> re.Match[str] | None:
    """`2 Scratches`, but not `2 scratches`."""
    match = PLAIN_NUMBER.match(text)
    return match if match and (text[match.end()].isupper() or is_cjk(text[match.end()])) else None


def numbered(text: str) -> bool:
    """Whether a number as of a clause or heading stands first."""
    return (NUMBER.match(text) or plain_number(text)) is not None


def begins_item(text: str, before: str) -> bool:
    """Whether a line begins an item or a numbered clause; before: the line above it."""
    if BULLET.match(text) and not text.lstrip()[:1].isdigit():
        return True
    done = ends_sentence(before) or len(before) < 60
    if plain_number(text) and len(text) <= 60 and is_short(text):
        return done
    match = NUMBER.match(text)
    if not match or UNIT_NEXT.match(text, match.end()):
        return False
    dotted = match["a"] is not None and text[match.end()].isupper()
    return done or before.rstrip().endswith((":", "：")) or dotted


def is_short(text: str) -> bool:
    """Whether a line may be a heading by its length and end."""
    return len(text.strip()) <= HEADING and not ends_sentence(text)


def is_cjk(letter: str) -> bool:
    """Whether a letter is of a script without capitals, such as Chinese."""
    return letter > "\u2e80"
