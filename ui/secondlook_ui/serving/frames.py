"""Frames of stored attachments as bytes for the viewer: read in few threads, kept in bounds."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from secondlook.cases import Attachment, Role
from secondlook.errors import IntakeError, NotFound, SecondlookError
from secondlook.intake.series import slices_in
from secondlook.intake.views import Lie, View, photo_view, read_view
from secondlook.settings import Limits
from secondlook_ui import images, workplace
from secondlook_ui.serving import packing
from secondlook_ui.serving.shelf import Shelf

READERS = 2
"""Decoders take whole cores and much memory; more at once make nobody faster."""
WAITING = 64
"""So many requests wait for a reader; further ones are told to come again."""
KEPT_VIEWS, KEPT_BYTES = 128 * 2**20, 128 * 2**20

Tile = tuple[int, int, int]
"""Level, column, row."""


class CannotBeShown(Exception):
    """A file that is no picture for this viewer. The message is for people and quotes nothing."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"This file cannot be shown: {why}.")
        self.code = code


class Busy(Exception):
    """Too many frames are asked for at once."""


_pool = ThreadPoolExecutor(READERS, thread_name_prefix="pixels")
_views: Shelf[View] = Shelf(KEPT_VIEWS, lambda x: x.codes.nbytes)
_packed: Shelf[bytes] = Shelf(KEPT_BYTES, len)
_asked: dict[object, "Future[bytes | None]"] = {}
_lock = Lock()


def kept(attachment: Attachment, frame: int, tile: Tile | None = None) -> bytes | None:
    """The bytes where they are at hand."""
    return _packed.get((attachment.sha256, frame, tile))


def ask(attachment: Attachment, frame: int, tile: Tile | None = None) -> "Future[bytes | None]":
    """Have a frame read, or one tile of it; whoever asks for the same gets the same.

    The future raises CannotBeShown, and gives None for a tile that is not there. Raises Busy.
    """
    key = (attachment.sha256, frame, tile)
    with _lock:
        if (running := _asked.get(key)) is not None:
            return running
        if len(_asked) >= WAITING:
            raise Busy
        job = _asked[key] = _pool.submit(_make, attachment, frame, tile)
    job.add_done_callback(lambda _: _asked.pop(key, None))
    return job


def warm(attachment: Attachment, frame: int) -> None:
    """Have a frame read before the browser asks for it."""
    if kept(attachment, frame) is None and len(_asked) < READERS:
        ask(attachment, frame)


def forget() -> None:
    """Drop everything that is kept."""
    _views.clear()
    _packed.clear()


def _make(attachment: Attachment, frame: int, tile: Tile | None) -> bytes | None:
    view = _view(attachment, frame)
    made = packing.whole(view) if tile is None else packing.tile(view, *tile)
    if made is not None:
        _packed.put((attachment.sha256, frame, tile), made)
    return made


def _view(attachment: Attachment, frame: int) -> View:
    key = (attachment.sha256, frame)
    view = _views.get(key)
    if view is None:
        view = _read(attachment, frame)
        _views.put(key, view)
    return view


def _read(attachment: Attachment, frame: int) -> View:
    workspace = workplace.context().workspace
    try:
        path = workspace.blobs.path(attachment.sha256)
    except NotFound:
        raise CannotBeShown("gone", "its stored copy is missing") from None
    _check(attachment, workspace.settings.limits)
    readers: tuple[Callable[[], View | None], ...] = (
        lambda: read_view(attachment, path, frame),
        lambda: _photo(attachment, frame),
    )
    for read in readers:
        try:
            view = read()
        except SecondlookError:
            continue
        except MemoryError:
            raise CannotBeShown("too_large", "it does not fit into memory") from None
        if view is not None:
            return view
    raise CannotBeShown("unreadable", "its stored copy cannot be read")


def _photo(attachment: Attachment, frame: int) -> View | None:
    """By whatever plugin shows it; one that has no more to say of it than its colours."""
    try:
        return photo_view(images.read(attachment, frame), Lie())
    except IntakeError:
        return None


def _check(attachment: Attachment, limits: Limits) -> None:
    """Before anything is decoded: limits may have been lowered since the file came in."""
    if attachment.role not in (Role.IMAGE, Role.VOLUME) or attachment.facts.get("not_assessed"):
        raise CannotBeShown("no_picture", "it holds no picture")
    if attachment.size > limits.max_file_bytes:
        raise CannotBeShown("too_large", "it is larger than limits.max_file_bytes")
    if _pixels(attachment) > limits.max_pixels:
        raise CannotBeShown("too_large", "it has more pixels than limits.max_pixels")


def _pixels(attachment: Attachment) -> int:
    """Of one frame, as intake read it from the header; 0 where it did not say."""
    facts = attachment.facts
    sides = [facts.get(x) or facts.get(y) for x, y in (("width", "columns"), ("height", "rows"))]
    if all(isinstance(x, int) for x in sides):
        return int(sides[0] or 0) * int(sides[1] or 0)
    shape = [int(x) for x in str(facts.get("shape", "")).split("x") if x.isdigit()]
    longest = sorted(shape, reverse=True)[:2]
    return longest[0] * longest[1] if len(longest) == 2 else 0


def frames_of(attachment: Attachment) -> int:
    """How many frames may be asked for."""
    return slices_in(attachment)
