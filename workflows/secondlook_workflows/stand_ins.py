"""Which slices stand for a series: those that a model looks at, not each of hundreds."""

from secondlook.cases import Attachment, Case
from secondlook.scans import Scan, places_of, places_shown, scans_of
from secondlook.store.embedding_values import ImageKey, MissingImage
from secondlook_workflows.context import Context


class StandIns:
    """For each picture of stored cases the one whose vector it gets.

    A flat picture stands for itself. Of a series of many files those slices are read that a first
    look reads, and every other one gets the vector of the nearest of them.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._case_id: str | None = None
        self._by_name: dict[str, Attachment] = {}

    def of(self, item: MissingImage) -> MissingImage:
        """What is read for this picture; itself, unless another slice of its series is."""
        case_id = item.key.case_id
        if case_id != self._case_id:
            with self._context.workspace.database.read() as unit:
                self._by_name = stand_ins(unit.cases.get(case_id))
            self._case_id = case_id
        other = self._by_name.get(item.key.sha256, item.attachment)
        return MissingImage(key=ImageKey(case_id, other.sha256), attachment=other)


def stand_ins(case: Case) -> dict[str, Attachment]:
    """By the sha256 of every slice of a series the file that stands for it."""
    scans = scans_of(case.attachments)
    shown = places_shown(scans)
    # Slices that make no volume to rely on are not looked at: the middle one stands for them all.
    return {
        name: other
        for scan in scans
        if len(scan.stack.attachments) > 1
        for name, other in _nearest(scan, shown.get(scan.key) or places_of(scan.stack.slices, 1))
    }


def _nearest(scan: Scan, places: tuple[int, ...]) -> list[tuple[str, Attachment]]:
    files = scan.stack.attachments
    near = [min(places, key=lambda x: abs(x - i)) for i in range(len(files))]
    return [(file.sha256, scan.holder(place)) for file, place in zip(files, near, strict=True)]
