"""FHIR R4 resources in JSON as the text of a note: what was asked, the documents, the reports.

Read by hand and not with a model of FHIR: half a dozen fields are wanted, files from the field
hold much that is not quite valid, and nothing in them may cost more than the limits. Patients,
practitioners and all other resources are passed over. Nothing is fetched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secondlook.cases import Scalar
from secondlook.intake.fhir_attachments import Attachments
from secondlook.intake.fhir_people import subjects_of
from secondlook.intake.html import read_html
from secondlook.intake.json_text import Piece, as_document
from secondlook.intake.outcome import Reason, Refused
from secondlook.intake.parsed import Document
from secondlook.settings import Limits

Resource = Mapping[str, object]
TYPE = "resourceType"
READ = ("ServiceRequest", "DocumentReference", "DiagnosticReport")
"""In the order of the text: what was known before a report stands before it."""
VOID = frozenset({"entered-in-error", "superseded", "cancelled", "revoked"})
"""States of a resource that must not be used any more."""
REPORTS = frozenset({"18748-4", "68604-8", "18726-0", "LP29684-5", "RAD", "11525-3"})
"""Codes (LOINC, v2-0074) of documents that somebody wrote after looking at an exam."""
REPORT_WORDS = (
    "report", "imaging", "radiolog", "x-ray", "ultrasound", "tomograph", "mammogra", "befund",
    "röntgen", "sonogra",
)  # fmt: skip
ASKING = ("request", "referral", "order", "consult", "anforderung", "zuweisung", "überweisung")
"""How a word begins that says of such a document that it asks for an exam."""
ASKED, EXAM, REPORT, CONCLUSION, DOCUMENT = (
    "Indication", "Requested examination", "Report", "Conclusion", "Document"
)  # fmt: skip
"""Headings of the text: a domain tells by them what was written before an exam was read."""


def is_fhir(value: object) -> bool:
    """Whether a JSON value says that it is a FHIR resource."""
    return isinstance(value, dict) and isinstance(value.get(TYPE), str)


def read_fhir(value: object, limits: Limits) -> tuple[Document, dict[str, Scalar]]:
    """The text of a resource or bundle, and facts: its type, how much was read and was not.

    Raises Refused(UNSUPPORTED) for a resource that is no note, NO_TEXT where none is left,
    SEVERAL_PATIENTS where the notes are of more than one patient.
    """
    whole = _object(value)
    found = _unpacked(whole)
    wanted = [x for kind in READ for x in found if x.get(TYPE) == kind]
    if not wanted:
        detail = f"A FHIR resource without a note; {', '.join(READ)} and bundles of them are read."
        raise Refused(Reason.UNSUPPORTED, detail)
    standing = [x for x in wanted if x.get("status") not in VOID]
    if not standing:
        raise Refused(Reason.NO_TEXT, "The resource is marked as void (entered in error, …).")
    if len(subjects_of(standing)) > 1:
        detail = "The notes of several patients are in one file; export one patient a file."
        raise Refused(Reason.SEVERAL_PATIENTS, detail)
    reader = _Reader(Attachments(found, limits))
    document = as_document(x for resource in standing for x in reader.pieces(resource))
    return document, {
        "resource": "Bundle" if whole.get(TYPE) == "Bundle" else str(standing[0][TYPE]),
        "resources": len(standing),
        "attachments_read": reader.attachments.read,
        "attachments_unread": reader.attachments.unread,
    }


@dataclass
class _Reader:
    attachments: Attachments
    seen: set[str] = field(default_factory=set)
    """Texts that were taken: the same report often comes as several contents."""

    def pieces(self, resource: Resource) -> Iterator[Piece]:
        """The text of one resource under headings."""
        if resource[TYPE] == "ServiceRequest":
            yield from self._asked(resource)
        elif resource[TYPE] == "DocumentReference":
            yield from self._document(resource)
        else:
            yield from self._report(resource)

    def _asked(self, resource: Resource) -> Iterator[Piece]:
        reasons = [*_concepts(resource.get("reasonCode")), *_notes(resource)]
        if reasons:
            yield ASKED, "\n".join(reasons)
        yield from ((EXAM, x) for x in _concepts(resource.get("code"))[:1])

    def _document(self, resource: Resource) -> Iterator[Piece]:
        kinds = [resource.get("type"), *_list(resource.get("category"))]
        heading = REPORT if any(_is_report(_object(x)) for x in kinds) else DOCUMENT
        contents = (_object(x).get("attachment") for x in _list(resource.get("content")))
        title = [*_concepts(resource.get("type"))[:1], *_texts(resource.get("description"))]
        yield from self._under(heading, title, contents)

    def _report(self, resource: Resource) -> Iterator[Piece]:
        """All of it stands behind the heading of a report, which begins a document of its own."""
        exam = _concepts(resource.get("code"))[:1]
        forms = list(self._under(REPORT, exam, _list(resource.get("presentedForm"))))
        said = [*_texts(resource.get("conclusion")), *_concepts(resource.get("conclusionCode"))]
        told = [] if forms or said else _narrative(resource)
        if not forms and (said or told):
            forms = [(REPORT, "\n\n".join([*exam, *told]))]
        yield from forms
        if said:
            yield CONCLUSION, "\n".join(said)

    def _under(
        self, heading: str, title: Sequence[str], attachments: Iterator[object] | Sequence[object]
    ) -> Iterator[Piece]:
        texts = [y for x in attachments if (y := self.attachments.text(_object(x)))]
        new = [x for x in dict.fromkeys(texts) if x not in self.seen]
        self.seen.update(new)
        if new:
            yield heading, "\n\n".join([*title, *new])


def _unpacked(whole: Resource) -> list[Resource]:
    """The resources of a bundle and those contained in them."""
    entries = [_object(x).get("resource") for x in _list(whole.get("entry"))]
    outer = [_object(x) for x in entries] if whole.get(TYPE) == "Bundle" else [whole]
    inner = [_object(y) for x in outer for y in _list(x.get("contained"))]
    return [*outer, *inner]


def _is_report(concept: Resource) -> bool:
    codings = [_object(x) for x in _list(concept.get("coding"))]
    words = " ".join(_concepts(concept)).lower()
    coded = any(x.get("code") in REPORTS for x in codings if isinstance(x.get("code"), str))
    asks = any(x.startswith(ASKING) for x in words.replace("-", " ").split())
    return coded or (not asks and any(x in words for x in REPORT_WORDS))


def _concepts(value: object) -> list[str]:
    """The words of a CodeableConcept or several: its text, else what its codes are called."""
    said: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        concept = _object(item)
        displays = [
            y for x in _list(concept.get("coding")) for y in _texts(_object(x).get("display"))
        ]
        said += (_texts(concept.get("text")) or displays)[:1]
    return said


def _notes(resource: Resource) -> list[str]:
    return [y for x in _list(resource.get("note")) for y in _texts(_object(x).get("text"))]


def _narrative(resource: Resource) -> list[str]:
    return [read_html(x).text for x in _texts(_object(resource.get("text")).get("div"))]


def _texts(value: object) -> list[str]:
    return [value.strip()] if isinstance(value, str) and value.strip() else []


def _object(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
