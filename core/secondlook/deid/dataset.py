"""The profile applied to a dataset, in place, its sequences included."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from pydicom import DataElement, Dataset, Sequence
from pydicom.datadict import (
    dictionary_has_tag,
    dictionary_VR,
    keyword_for_tag,
    tag_for_keyword,
)
from pydicom.dataelem import empty_value_for_VR
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from secondlook.deid import dates, values
from secondlook.deid.dates import moved_pair
from secondlook.deid.identity import first_text, texts_of
from secondlook.deid.keys import Pseudonyms
from secondlook.deid.options import Option
from secondlook.deid.safe_private import is_safe
from secondlook.deid.table import Action, action
from secondlook.deid.text import Redactor
from secondlook.deid.words import only_words
from secondlook.intake.outcome import Reason, Refused

GEOMETRY = frozenset({0x0020, 0x0028})
"""Groups that say what the pixels are and where: without such an element they would be another."""
UID_LETTERS = frozenset("0123456789.")
STAYING = (None, Action.KEEP, Action.CLEAN)
READ = values.TEXT | values.MOMENTS | {"AS", "DS", "IS", "PN", "SQ", "UI"}
"""Representations that are looked into where they stay; all others are numbers."""
KEPT_AS_IT_IS = values.MOMENTS | {"UI", "PN"}
PATIENT_ID, PATIENT_NAME = 0x00100020, 0x00100010
CODE_VALUES = frozenset({0x00080100, 0x00080119, 0x00080120, 0x00080102, 0x00080103})


class Manner(Enum):
    """How text is treated that the table does not list."""

    PLAIN = "names and numbers that are known are redacted"
    WORDS = "only the words of a closed list stay"
    STRICT = "all of it is a dummy"


@dataclass(frozen=True)
class Cleaner:
    """Removes what identifies from datasets of one patient.

    Raises Refused(NOT_DEIDENTIFIED) for an element that must stay and cannot be read.
    """

    options: frozenset[Option]
    pseudonyms: Pseudonyms
    offset: timedelta
    redactor: Redactor
    people: Redactor
    """Knows people alone."""

    def clean(self, dataset: Dataset, manner: Manner = Manner.PLAIN) -> None:
        """Apply the profile to everything in a dataset."""
        moved = self._move_pairs(dataset)
        for tag in list(dataset.keys()):
            if tag.is_private:
                if not (Option.RETAIN_SAFE_PRIVATE in self.options and is_safe(dataset, tag)):
                    del dataset[tag]
            elif tag.element == 0 or tag.group == 0:
                del dataset[tag]  # lengths of groups, and commands of the network
            elif tag not in moved:
                self._apply(dataset, tag, manner)

    def _apply(self, dataset: Dataset, tag: BaseTag, manner: Manner) -> None:
        done = action(tag, self.options)
        vr = vr_of(dataset.get_item(tag), tag)
        stays = done in STAYING
        if done is Action.REMOVE or (stays and _goes(done, vr, tag)):
            del dataset[tag]
        elif not stays or (vr in READ and not (done is Action.KEEP and vr in KEPT_AS_IT_IS)):
            self._treat(dataset, tag, done, manner)

    def _treat(self, dataset: Dataset, tag: BaseTag, done: Action | None, manner: Manner) -> None:
        try:
            element = dataset[tag]
        except Exception:  # noqa: BLE001 - nearly anything, for what is no value of its kind
            _refuse_geometry(tag)
            del dataset[tag]
            return
        if tag in (PATIENT_ID, PATIENT_NAME):
            self._name_patient(dataset, element)
        elif element.VR == "SQ":
            self._sequence(element, done, manner)
        elif done is Action.EMPTY:
            element.value = empty_value_for_VR(element.VR)
        elif done is Action.DUMMY:
            element.value = self._dummy(element)
        elif done is Action.UID or element.VR == "UI":
            _each(element, lambda x: self._uid(x, done))
        else:
            self._by_kind(element, done, manner)

    def _by_kind(self, element: DataElement, done: Action | None, manner: Manner) -> None:
        vr = element.VR
        if vr in values.MOMENTS and done is not Action.KEEP:
            _each(element, self._moment(vr))
        elif vr == "AS":
            _each(element, values.capped_age)
        elif vr == "PN":
            element.value = values.DUMMY_TEXT if manner is Manner.STRICT else ""
        elif vr in ("IS", "DS"):
            self._numbers(element)
        elif vr in values.TEXT:
            self._text(element, done, manner)

    def _text(self, element: DataElement, done: Action | None, manner: Manner) -> None:
        if done is Action.KEEP:
            _each(element, self._without_people(element.VR))
        elif manner is Manner.STRICT and element.VR in values.LONG:
            element.value = values.DUMMIES[element.VR]
        elif done is Action.CLEAN or manner is Manner.WORDS or element.VR in values.LONG:
            _each(element, only_words if element.tag not in CODE_VALUES else self._known)
        elif element.VR == "UR":
            _each(element, lambda x: x if x.startswith("urn:oid:") else values.DUMMIES["UR"])
        elif element.VR in ("CS", "AE"):
            _each(element, _whole_or_none(self._known))
        else:
            _each(element, self._known if element.tag in CODE_VALUES else self.redactor.header)

    def _without_people(self, vr: str) -> Callable[[str], str]:
        """What is kept by an option may name a device or an institution, but no person."""
        if vr in ("CS", "AE"):
            return _whole_or_none(self.people.known)
        return self.people.note if vr in values.LONG else self.people.header

    def _numbers(self, element: DataElement) -> None:
        """Numbers that are written as text stay, unless they are somebody's, or no numbers."""
        written = texts_of(element)
        if not all(map(values.is_number, written)):
            _refuse_geometry(element.tag)
            element.value = None
        elif any(self._known(x) != x for x in written):
            element.value = None

    def _known(self, text: str) -> str:
        return self.redactor.known(text)

    def _sequence(self, element: DataElement, done: Action | None, manner: Manner) -> None:
        if done is Action.EMPTY:
            element.value = Sequence([])
            return
        if done is Action.DUMMY:
            manner = Manner.STRICT
        elif done is Action.CLEAN and manner is Manner.PLAIN:
            manner = Manner.WORDS
        for item in element.value:
            self.clean(item, manner)

    def _name_patient(self, dataset: Dataset, element: DataElement) -> None:
        """A number that is the same in all files of a patient, as the name too."""
        number = first_text(dataset, "PatientID") or first_text(dataset, "PatientName")
        name = (
            "^" if element.VR == "PN" else ""
        )  # the last of its parts says that it is no old name
        element.value = self.pseudonyms.patient(number) + name if number else ""

    def _dummy(self, element: DataElement) -> Any:
        if element.VR == "UI":
            return self.pseudonyms.uid(str(element.value))
        return values.DUMMIES.get(element.VR, "")

    def _uid(self, uid: str, done: Action | None) -> str:
        keeps = done is None and Option.RETAIN_UIDS in self.options
        return uid if keeps and not set(uid) - UID_LETTERS else self.pseudonyms.uid(uid)

    def _moment(self, vr: str) -> Callable[[str], str]:
        if Option.RETAIN_MODIFIED_DATES not in self.options:
            return lambda _: ""
        move = {"DA": dates.moved_date, "TM": dates.moved_time, "DT": dates.moved_moment}[vr]
        return lambda value: move(value, self.offset)

    def _move_pairs(self, dataset: Dataset) -> set[BaseTag]:
        """Move a date and the time that belongs to it as one moment; returns their tags."""
        if Option.RETAIN_MODIFIED_DATES not in self.options:
            return set()
        done: set[BaseTag] = set()
        for date, time in _pairs(dataset):
            if all(action(x.tag, self.options) in (Action.CLEAN, None) for x in (date, time)):
                date.value, time.value = moved_pair(str(date.value), str(time.value), self.offset)
                done |= {date.tag, time.tag}
        return done


def _pairs(dataset: Dataset) -> Iterator[tuple[DataElement, DataElement]]:
    for tag in list(dataset.keys()):
        keyword = keyword_for_tag(tag)
        partner = tag_for_keyword(keyword.removesuffix("Date") + "Time")
        if keyword.endswith("Date") and partner is not None and partner in dataset:
            pair = _single(dataset, tag, "DA"), _single(dataset, partner, "TM")
            if pair[0] is not None and pair[1] is not None:
                yield pair[0], pair[1]


def _single(dataset: Dataset, tag: int, vr: str) -> DataElement | None:
    """An element of one value; what cannot be read is met again, by itself."""
    try:
        element = dataset[tag]
        return element if vr == element.VR and element.VM == 1 else None
    except Exception:  # noqa: BLE001 - nearly anything, for what is no value of its kind
        return None


def vr_of(item: Any, tag: BaseTag) -> str:
    """The representation of an element, from the dictionary where the file does not say."""
    vr = getattr(item, "VR", None)
    if vr in (None, "UN"):
        return dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
    return str(vr)


def _goes(done: Action | None, vr: str, tag: BaseTag) -> bool:
    """Whether bytes go that nobody can look into."""
    if vr == "UN":
        return True
    binary = set(vr.split(" or ")) <= values.BINARY
    return binary and (done is Action.CLEAN or (done is None and not values.binary_kept(tag)))


def _refuse_geometry(tag: BaseTag) -> None:
    if tag.group in GEOMETRY:
        detail = f"The element {tag} cannot be read, and the picture is another without it."
        raise Refused(Reason.NOT_DEIDENTIFIED, detail)


def _whole_or_none(redact: Callable[[str], str]) -> Callable[[str], str]:
    """For codes, which are of no use in part."""
    return lambda x: x if redact(x) == x else ""


def _each(element: DataElement, change: Callable[[str], str]) -> None:
    """Change every value that is text; what does not change stays as it is."""
    value = element.value
    before = [str(x) for x in value] if isinstance(value, MultiValue) else [str(value or "")]
    after = [change(x) if x else x for x in before]
    if after != before:
        element.value = after if len(after) > 1 else after[0]
