"""What looks like an identifier in a note, whoever it is of.

Every pattern is linear in the text. Names that nothing announces (no title, no label, not in a
header of the same case) are not found here.
"""

import re
from collections.abc import Iterator

from secondlook.deid.words import TOKEN, is_meant, names_finding

Span = tuple[int, int]
MONTHS = (
    r"(?:jan(?:uar[yi]?)?|feb(?:ruar[yi]?)?|mar(?:ch)?|märz|apr(?:il)?|(?-i:May|MAY|Mai)|june?|juni"
    r"|july?|juli|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
MONTH = rf"{MONTHS}\b\.?"
NAME = r"[^\W\d_][\w'’-]{0,39}"
SPACE = r"[ \t]{1,3}"
LINK = r"(?:(?:van|von|de|der|den|da|di|del|la|le|al|el|bin|zu)[ \t]{1,3}){0,3}"
NAMES = rf"(?:[A-Z]\.[ \t]{{0,3}}){{0,3}}{LINK}{NAME}(?:{SPACE}{LINK}(?-i:[A-Z])[\w.'’-]{{0,39}}){{0,3}}"
COLON = r"""["']?[ \t]{0,3}[:=#][ \t]{0,3}["']?"""

PART = re.compile(r"[\w'’-]+")
DATES = re.compile(
    r"(?<![\w.])(?:\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})|\d{4}([./-])\d{1,2}\2\d{1,2})(?![\d])"
    rf"|\b(?:\d{{1,2}}(?:st|nd|rd|th|\.)?[ \t]{{0,3}}(?:of[ \t]{{1,3}})?)?{MONTH}"
    r"[ \t,]{1,3}(?:\d{1,2}(?:st|nd|rd|th)?\b(?:[ \t,]{1,3}(?:19|20)\d\d\b)?|(?:19|20)\d\d\b)"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)?[ \t]{{0,3}}(?:of[ \t]{{1,3}})?{MONTH}(?=\W|$)"
    rf"|(?<!\w)\d{{1,2}}[./-]?{MONTHS}[./-]?(?:19|20)?\d\d(?!\w)|\b{MONTHS}[./-](?:19|20)\d\d\b"
    rf"|(?<!\w)\d{{1,2}}-{MONTHS}\b|(?<![\w.])\d{{1,2}}\.[IVX]{{1,4}}\.(?:19|20)?\d\d(?!\d)"
    r"|(?<![\w./])(?:0?[1-9]|1[0-2])[./](?:19|20)\d\d(?![\w/])|\b(?:19|20)\d{6}T\d{4,6}\b",
    re.IGNORECASE,
)
DAYS = re.compile(
    # In each country's order, without a year; behind a word that a day stands behind.
    r"\b(?:on|dated|since|from|until|till|am|vom|seit|ab|bis|zum)[ \t]{1,3}"
    r"(\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.?)(?![\d/]|\.\d)(?![ \t]?(?:[cm]m|ml|mg|%|x|to\b))",
    re.IGNORECASE,
)
NETWORK = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,4}|\b(?:https?|s?ftp)://\S{1,2000}"
    r"|\bwww\.\S{1,2000}|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"
    r"|(?<![\w.])\d{1,20}(?:\.\d{1,39}){4,20}",
    re.IGNORECASE,
)
PHONES = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?|\d{2,5}[ ./-])\d{2,4}[ .-]\d{2,6}"
    r"(?:[ .-]\d{2,6}){0,3}(?!\w)|(?<![\w.-])\d{3}[-.]\d{4}(?![\w-])"
    r"|(?<!\w)\+\d{1,3}(?:[ ./()-]{0,2}\d{1,9}){2,6}(?!\w)"
)
FEWEST_DIGITS = 7
"""Of a telephone number: three small numbers in a row are a size."""
NUMBERS = re.compile(r"(?<![\w.])[^\W\d_]{0,5}[-#]?\d(?:-?\d){5,30}[^\W\d_]{0,2}(?![\w])")
LABELLED_NUMBERS = re.compile(
    r"\b(?:mrn|hn|m\.r\.n\.|medical record(?: (?:number|no\.?))?|record(?: (?:number|no\.?))|ssn|nhs"
    r"(?: (?:number|no\.?))?|acc(?:ession)?(?: (?:number|no\.?))?|account(?: (?:number|no\.?))?|(?:patient"
    r"|hosp(?:ital)?|study|case|chart|unit|insurance|policy|pat|patienten|fall|aufnahme|versicherten|kassen|vorgangs)[ ._-]{0,2}(?:id|number"
    r"|nummer|no\.?|nr\.?)|p?id"
    r"|d\.?o\.?b\.?|born|(?:date of )?birth(?:[ _-]?date)?|geb\.?(?:oren)?(?: am)?"
    r"|phone|tel(?:ephone|efon)?|mobil(?:e|funk)?|handy|fax|pager|cell|ext(?:ension)?|license|licence"
    r"""|p\.?o\.?[ ]box|apt|apartment|flat)(?!\w)["']?[ \t]{0,3}(?:[:=#.]{0,2}[ \t]{0,3}|:[ \t]{0,3}\n)["']?((?=[^\s,;"']{0,30}\d)[^\s,;"']{1,40})""",
    re.IGNORECASE,
)
LABELLED_PHONES = re.compile(
    r"\b(?:phone|tel(?:ephone|efon)?|mobil(?:e|funk)?|handy|fax|pager|cell)\b[.:=# \t]{0,4}"
    r"([+(]?\d[\d()/. -]{2,24}\d)(?!\w)",
    re.IGNORECASE,
)
LABELLED_NAMES = re.compile(
    r"(?:\b(?:patient(?:'s)?(?:[ _-]?name)?|pt(?:[ _-]?name)?|(?:first|last|given|family|middle|full"
    r"|sur|maiden|nach|vor)?[ _-]?name|patientin|hausarzt|hausärztin|arzt|ärztin|gp|pcp|attn|nok|unterschrift|surname|forename|physician|doctor|radiologist|technologist|technician"
    r"|operator|nurse|surgeon|consultant|author|reader|contact|guardian|spouse|wife|husband|mother"
    r"|father|son|daughter|brother|sister|next of kin|attending|(?:referring|requesting"
    r"|ordering|reporting|performing|interpreting|consulting|primary)[ _-]?(?:physician|doctor"
    r"|clinician|radiologist|provider)|patientname)\b"
    rf"{COLON}|\b(?:signed|dictated|reported|verified|approved|reviewed|transcribed"
    rf"|interpreted|authenticated|ordered|requested|referred)[ \t]+by[ \t:]{{1,3}}|\bdear[ \t]+"
    rf"|\b(?:signed|gez\.|unterzeichnet)[ \t:]{{1,3}}(?-i:(?=[A-Z]))"
    rf"|\b(?:sincerely|regards|grüßen|grüssen),?[ \t]{{0,3}}\n?[ \t]{{0,3}}(?-i:(?=[A-Z]))"
    rf"|\b(?:courtesy of|credit to)[ \t]{{1,3}}(?-i:(?=[A-Z])))"
    rf"\[?\s?[\"']?({NAMES}(?:,[ \t]?{NAME})?)",
    re.IGNORECASE,
)
SURE = re.compile(
    r"(?:patient(?:'s)?|pt|first|last|given|family|middle|full|sur|maiden|nach|vor)[ _-]?name\b"
    r"|(?:signed|dictated|transcribed|authenticated)[ \t]+by\b",
    re.IGNORECASE,
)
"""Labels behind which a name stands though it be a word: `Patient name: Politis`."""
DOUBTFUL_NAMES = re.compile(
    r"\b(?:(?P<told>cc|primary|family|given)|resident|referring|requesting|ordering|reporting)\b"
    rf"{COLON}\[?\s?[\"']?(?P<name>(?-i:(?=[A-Z])){NAMES}(?:,[ \t]?{NAME})?)",
    re.IGNORECASE,
)
"""Labels that complaints and illnesses stand behind as well: `CC: cough`, `Family: asthma`."""
LAST_NAME = re.compile(rf"[ \t]{{1,3}}({NAME})[ \t]*(?=[\n,;.]|\Z)")
"""In small letters, behind a first name and at the end of its line."""
ABBREVIATION = 4
"""Letters of a word in capitals that is none of a name there: `CC: SOB`."""
TITLES = re.compile(
    rf"(?<![^\W_])(?:(?i:drs?|prof|doctor|professor|herrn?|frau|mme|dra|sra|señora?)\.?|Mr\.?|Mrs\.?|Ms\.?|Miss"
    rf"|Mister|MR\.|MRS\.|Sir|Sister|Nurse)[ \t]{{0,3}}\n?[ \t]{{0,3}}(?<=\s)((?:(?i:dr|prof|med)\.?[ \t]{{1,3}}){{0,3}}{NAMES})"
)
DEGREES = re.compile(
    rf"\b((?-i:[A-Z])[\w'’-]{{1,39}}(?:{SPACE}(?-i:[A-Z])[\w.'’-]{{0,39}}){{0,2}}),?[ \t]{{1,3}}"
    r"(?:M\.D\.|MD|MBBS|FRCR|FACR|DO|Ph\.?D\.?|R\.N\.|RN)(?![\w])"
)
ADDRESSES = re.compile(
    r"\b\d{1,5}[A-Za-z]?[ \t]+(?:[A-Z][\w'’.-]{0,30}[ \t]+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive"
    r"|Boulevard|Blvd|Way|Court|Place|Square|Terrace|Close)\b\.?(?:,[ \t]*[A-Z][\w'’. -]{1,40})?"
    r"|\b[A-Z]\w{2,30}(?:straße|strasse|str\.|weg|platz|gasse|allee)[ \t]{1,3}\d{1,4}\w?"
    r"|\b[A-Z]\w{2,30},?[ \t]+[A-Z]{2}[ \t]+\d{5}(?:-\d{4})?\b|\b\d{5}[ \t]+[A-Z][a-zäöüß]{2,30}\b"
    r"|\b\d{1,5}[a-z]?[ \t]+[a-z]{4,30}[ \t]+(?:street|avenue|lane|boulevard)\b"
    r"|\b[A-Z]{1,2}\d[A-Z\d]?[ ]\d(?!MM|CM|ML|MG|KG|DL|CC|HU|KV|MA|ST|ND|RD|TH)[A-Z]{2}\b"
)
LABELLED_ADDRESSES = re.compile(
    # Below its label, as the text of JSON has it, unless that line has a label of its own.
    rf"\b(?:home[ _-]?)?(?:address|street|city)\b{COLON}(?:\n(?![^\n:]{{0,60}}:))?([^\n\"]{{1,200}})",
    re.IGNORECASE,
)
AGES = re.compile(
    r"(?<![\w.])(9\d|1[01]\d)(?=[ \t-]{0,3}(?:years?|yrs?|y\.?/?o\.?|jahre?|jährig\w*)\b)"
    r"""|\bage[ds]?["']?[ \t]{0,3}[:=]?[ \t]{0,3}["']?(9\d|1[01]\d)(?!\w)""",
    re.IGNORECASE,
)
PLACE = re.compile(
    r"Hospital|Infirmary|Clinic|Klinik(?:um)?|Hôpital|Cent(?:er|re)|Sanatorium|Home|Krankenhaus|Spital"
    r"|Clínica|Ospedale"
)
PLACES = re.compile(
    r"(?:(?:[A-Z][\w'’-]{1,30}|[A-Z][a-z]{1,3}\.)[ \t]+){1,4}(?:Hospital|Infirmary|Clinic|Klinik(?:um)?|Hôpital|Medical"
    r" Cent(?:er|re)|Health Cent(?:er|re)|Sanatorium|Nursing Home|Krankenhaus|Spital)\b"
    r"|\b(?:Hospital|Klinikum|Clínica|Ospedale|Hôpital)[ \t]+(?:[A-Z][\w'’.-]{1,30}[ \t]*){1,3}"
)
WHOLE = (DATES, NETWORK, NUMBERS, ADDRESSES)
GROUPED = (DAYS, LABELLED_NUMBERS, LABELLED_PHONES, LABELLED_ADDRESSES, AGES)


def titled_spans(text: str) -> Iterator[Span]:
    """Names of people behind a title or before a degree, part by part."""
    for found in TITLES.finditer(text):
        title = text[found.start() : found.start(1)]
        sure = not title.isupper() and "\n" not in title  # DR is a modality, too
        yield from _names(text, *found.span(1), any_first=sure)
    for found in DEGREES.finditer(text):
        if not any(names_finding(x[0]) for x in PART.finditer(text, *found.span(1))):
            yield from (x.span() for x in PART.finditer(text, *found.span(1)))


def name_spans(text: str) -> Iterator[Span]:
    """Names of people that a title, a degree or a label announces, part by part."""
    yield from titled_spans(text)
    for found in LABELLED_NAMES.finditer(text):
        sure = SURE.match(text, found.start()) is not None
        parts = list(_names(text, *found.span(1), sure=sure))
        yield from parts
        last = (
            LAST_NAME.match(text, found.end(1)) if parts and parts[-1][1] == found.end(1) else None
        )
        if last and not _is_meant(last[1]):
            yield last.span(1)
    for found in DOUBTFUL_NAMES.finditer(text):
        parts = list(_names(text, *found.span("name")))
        if parts and _looks_like_a_name(text, parts, told=bool(found["told"])):
            yield from parts


def network_spans(text: str) -> Iterator[Span]:
    """Addresses of the network, and UIDs."""
    yield from (x.span() for x in NETWORK.finditer(text))


def pattern_spans(text: str) -> Iterator[Span]:
    """Everything else in a note that looks like an identifier."""
    for pattern in WHOLE:
        yield from (x.span() for x in pattern.finditer(text))
    yield from _places(text)
    for found in PHONES.finditer(text):
        if sum(map(str.isdigit, found[0])) >= FEWEST_DIGITS:
            yield found.span()
    for pattern in GROUPED:
        for found in pattern.finditer(text):
            yield from (found.span(i) for i in range(1, pattern.groups + 1) if found[i])


def _places(text: str) -> Iterator[Span]:
    """Names of hospitals, up to a word that names a finding: `Pneumothorax Outside Hospital`."""
    for found in PLACES.finditer(text):
        run: list[Span] = []
        for part in [*PART.finditer(text, *found.span()), None]:
            if part is not None and not names_finding(part[0]):
                run.append(part.span())
                continue
            if any(PLACE.fullmatch(text, *x) for x in run):
                yield from run
            run = []


def _names(
    text: str, start: int, end: int, *, any_first: bool = False, sure: bool = False
) -> Iterator[Span]:
    """The parts of a name up to the first ordinary word, with which the sentence goes on.

    any_first: behind a title the first part is a name, though it be a word (`Dr Young`). sure: so
    it is behind this label, unless the next label stands there; and words that only end like one.
    """
    for i, part in enumerate(PART.finditer(text, start, end)):
        initial = len(part[0]) == 1 and part[0].isupper() and text[part.end() :][:1] == "."
        name = initial or (any_first and i == 0 and part[0][0].isupper())
        name = name or (sure and i == 0 and _is_filled_in(text, part))
        if _is_meant(part[0], endings=not sure) and not name:
            break
        yield part.span()


def _is_filled_in(text: str, part: re.Match[str]) -> bool:
    """Whether a part is what a label asks for, and not the label that follows an empty one."""
    following = text[part.end() :].lstrip(" \t")[:1]
    return part[0][0].isupper() and not names_finding(part[0]) and following not in tuple(":=-–—")


def _looks_like_a_name(text: str, parts: list[Span], *, told: bool) -> bool:
    """Whether all parts are capitalised and, where complaints are `told`, no sentence goes on
    behind a single one and no abbreviation is all."""
    words = [text[slice(*x)] for x in parts]
    short = all(x.isupper() and len(x) <= ABBREVIATION for x in words)
    following = text[parts[-1][1] :].lstrip(" \t")[:1]
    complaint = short or (len(words) == 1 and following.islower())
    return all(x[0].isupper() for x in words) and not (told and complaint)


def _is_meant(part: str, *, endings: bool = True) -> bool:
    """Whether a part is an ordinary word: whole, by all its tokens (`left-sided`), or by the first
    one (`doesn't`)."""
    tokens = TOKEN.findall(part)
    if {"'", "’"} & {*part.strip("'’-")}:
        tokens = tokens[:1]
    meant = [is_meant(x, endings=endings) for x in (part.strip("'’-"), *tokens)]
    return meant[0] or (bool(tokens) and all(meant[1:]))
