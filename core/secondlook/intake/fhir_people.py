"""Whom FHIR resources name, apart from their text: to redact that text, and to tell patients apart."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from secondlook.deid.identity import NOBODY, Identity
from secondlook.intake.charset import decode
from secondlook.intake.json_text import DEEPEST, load

PEOPLE = frozenset({"Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person"})
PLACES = frozenset({"Organization", "Location", "HealthcareService"})
ENTRIES = ("name", "identifier", "telecom", "address", "birthDate", "alias")
"""What of such a resource says who it is."""
REFERENCES = frozenset({
    "subject", "author", "performer", "requester", "resultsInterpreter", "custodian", "patient",
    "authenticator", "recorder", "encounter", "managingOrganization", "generalPractitioner",
    "sender", "recipient", "practitioner", "organization", "location", "attester", "party",
})  # fmt: skip
"""Elements that refer to somebody, by `display` and `identifier`."""
MOST, LONGEST = 500, 8
"""Names that are taken, and words of one: more is no name."""
Texts = list[str]


def read_people(path: Path) -> Identity:
    """Everybody whom the FHIR resources in a JSON file name; NOBODY for other JSON.

    Called in the parsing process, of a file that it has read before.
    """
    value = load(decode(path.read_bytes())[0])
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return NOBODY
    names: Texts = []
    texts: Texts = []
    _collect(value, names, texts, DEEPEST)
    people = (" ".join(x.split()[:LONGEST]) for x in names)
    return Identity(
        names=frozenset(list(dict.fromkeys(people))[:MOST]),
        texts=frozenset(list(dict.fromkeys(x[:200] for x in texts))[:MOST]),
    )


def subjects_of(resources: Sequence[Mapping[str, object]]) -> frozenset[str]:
    """Of whom resources say that they are, one word a patient; those that do not say are left out."""
    return frozenset(said for x in resources if (said := _subject(x.get("subject"))))


def _subject(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    reference, identifier = value.get("reference"), value.get("identifier")
    if isinstance(reference, str) and reference.strip() and not reference.startswith("#"):
        return reference.strip().partition("/_history")[0].rpartition("/")[2].rpartition(":")[2]
    number = identifier.get("value") if isinstance(identifier, dict) else None
    return number.strip() if isinstance(number, str) else ""


def _collect(value: object, names: Texts, texts: Texts, levels: int) -> None:
    if levels == 0:
        return
    if isinstance(value, list):
        for item in value:
            _collect(item, names, texts, levels - 1)
    if not isinstance(value, dict):
        return
    kind = value.get("resourceType")
    for key, item in value.items():
        if kind in PEOPLE and key in ENTRIES:
            (names if key in ("name", "alias") else texts).extend(_said(item, levels - 1))
        elif kind in PLACES and key in ENTRIES:
            texts.extend(_said(item, levels - 1))
        elif key in REFERENCES:
            _referred(item, names, texts)
        if key != "data":
            _collect(item, names, texts, levels - 1)


def _referred(value: object, names: Texts, texts: Texts) -> None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            names.extend(x for x in (item.get("display"),) if isinstance(x, str))
            texts.extend(_said(item.get("identifier"), 3))


def _said(value: object, levels: int) -> Iterator[str]:
    """The texts of an entry; codes (`use`, `system`, `type`) name nobody. Parts of a name together."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and levels:
        for item in value:
            yield from _said(item, levels - 1)
    elif isinstance(value, dict) and levels:
        parts = [value.get("given"), value.get("family")]
        yield from (" ".join(x for part in parts for x in _said(part, 1)),)
        for key in ("text", "value", "line", "city", "postalCode", "district"):
            yield from _said(value.get(key), levels - 1)
