"""Text as the parser compares it: half-width signs, one space, no line ends inside of words."""

import re

WIDE = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)}
SIGNS = {
    "\u3000": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "μ": "µ",
    "‐": "-", "\u2011": "-", "−": "-", "“": '"', "”": '"', "„": '"', "＂": '"', "【": "(", "】": ")",
}  # fmt: skip
TABLE = str.maketrans({**WIDE, **SIGNS, "，": "，"})  # a full-width comma mostly parts clauses
CJK = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u9fff\uf900-\ufaff"
WRAPPED = re.compile(rf"(?<=[{CJK}])[ \t]*\n[ \t]*(?=[{CJK}])|(?<=[a-zäöüß])-\n[ \t]*(?=[a-zäöüß])")
BETWEEN_DIGITS = re.compile(r"(?<=\d)，(?=\d{3}(?!\d))")
SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """The text with signs of one kind and single spaces; its length may change."""
    text = text.translate(TABLE)
    text = WRAPPED.sub("", text)
    return SPACE.sub(" ", BETWEEN_DIGITS.sub(",", text)).strip()
