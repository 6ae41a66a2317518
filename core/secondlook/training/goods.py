"""Learning from good pictures only: a patch bank, a dense model on painted defects, a threshold.

The files are read once. Memory stays bounded however many goods there are: a uniform draw of
patches stands for all of them in the coreset, a uniform draw of goods waits in a temporary file
until banks that have not seen them score them, and a uniform draw of pictures is painted on.

The time is a hard budget, counted from `started`. Reading stops when half of it is gone; the bank
may take half of what is left then, with fewer folds, looks and rows where it must; the dense
model gets the rest. However short the time, 20 goods are read and a small bank is made of them
and calibrated in two folds, which takes some seconds; `notes` says all that was left out.

A run that is cut off while the dense model learns goes on where it was, given a checkpoint; one
that is cut off before begins again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from secondlook.digests import names_sha256
from secondlook.errors import ModelError
from secondlook.models.backbones import VisionBackbone
from secondlook.models.calibration import Bands, Threshold
from secondlook.models.goods import GoodsPart
from secondlook.models.goods_tiles import sight
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.clock import Clock
from secondlook.training.dense_state import DenseState
from secondlook.training.goods_config import GoodsConfig
from secondlook.training.goods_dense import Student, able, find_student
from secondlook.training.goods_embed import Picture, Read, Reading, Stream, read_goods
from secondlook.training.goods_few import LEAST, bands_of, few_note, threshold_of
from secondlook.training.goods_ground import BANK, Ground, ground_again, ground_of
from secondlook.training.goods_known import Known, keep_known, known_before
from secondlook.training.goods_parts import Parts, learn_parts
from secondlook.training.goods_run import GoodsRun
from secondlook.training.goods_tiles import planned
from secondlook.training.held_back import HeldBack
from secondlook.training.log import Log
from secondlook.training.memory import peak_rss_mb
from secondlook.training.pools import PatchPool, Shelf
from secondlook.training.progress import Progress, Steps

__all__ = ["GoodsConfig", "LearnedGoods", "learn_goods"]


@dataclass(frozen=True, kw_only=True)
class SuspectGood:
    """A picture given as good that looks like no other: it may show a defect."""

    sha256: str
    score: float
    """By a bank that has not seen it."""
    far: float
    """In spreads of all such scores above their middle."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LearnedGoods:
    """The parts of an adapter, and what learning it took."""

    part: GoodsPart
    threshold: Threshold
    bands: Bands
    """From the same scores; it accepts up to the threshold."""
    goods: int
    """Different pictures learned from."""
    suspects: tuple[SuspectGood, ...] = ()
    """Those among all that were read which look like no other, the farthest first."""
    checked: int = 0
    """How many pictures were compared with the others to find suspects."""
    dropped: int = 0
    """How many suspects were left out of what was learned."""
    duplicates: int
    """Pictures left out because the same bytes came before."""
    data_sha256: str
    seed: int
    seconds: float
    """Since `started`."""
    metrics: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Sentences on what was left out and why."""


def learn_goods(
    images: Iterable[Picture],
    *,
    vision: VisionBackbone,
    config: GoodsConfig | None = None,
    total: int | None = None,
    progress: Progress | None = None,
    started: float | None = None,
    checkpoint: Checkpoint | None = None,
) -> LearnedGoods:
    """Learn what good parts look like from (sha256, pixels (H, W, 3)) pairs, read once.

    Args:
        total: how many pictures there are, for `progress` and to say how many were left unread.
        progress: called with (steps done, steps in all); in all is 0 while it is not known.
        started: the value of `time.monotonic` from which the time counts; now if None.
        checkpoint: keeps what is done, and takes up what was cut off once the bank was there. It
            must be of these pictures, backbone and settings alone.

    Raises ModelError for fewer than 3 different pictures, or pictures that all look the same.
    """
    config = config or GoodsConfig()
    tiles, images = planned(images, vision, config.tile)
    run = GoodsRun(
        vision=sight(vision, tiles),
        config=config,
        clock=Clock(config.seconds, started),
        steps=Steps(progress, total, config.held_back),
        checkpoint=checkpoint or Checkpoint(None, {}),
    )
    student, refused = _student(run)
    ground, student, few = _ground(images, student, run)
    with Log(run.checkpoint.folder) as log:
        state = DenseState(run.checkpoint, ground.known.digest, log)
        parts = learn_parts(ground, student, run, state)
    unread = _unread_note(ground.known.reading, total)
    cut = tiles.words if tiles is not None else None
    little = few_note(ground.known.reading.goods)
    notes = (little, cut, refused, unread, few, *parts.notes, _again_note(state))
    return _learned(parts, ground.known, run, total, notes)


def _student(run: GoodsRun) -> tuple[Student | None, str | None]:
    """None where time is no matter: then the bank stands alone."""
    if not run.clock.limited:
        return None, None
    return find_student(run.vision, run.config.dense_in(0))


_Ground = tuple[Ground, Student | None, str | None]
"""With the student, if it is able, or a sentence that says why not."""


def _ground(images: Iterable[Picture], student: Student | None, run: GoodsRun) -> _Ground:
    """Taken up where it was kept before; otherwise new, and kept for a student."""
    known = known_before(run.checkpoint)
    if known is not None:
        again = Stream(images, run.clock, most=known.reading.goods)
        return ground_again(known, again, run), student, None
    ground, student, few = _new_ground(Stream(images, run.clock), student, run)
    if student is not None:
        keep_known(ground.known, run.checkpoint)
    return ground, student, few


def _new_ground(stream: Stream, student: Student | None, run: GoodsRun) -> _Ground:
    config = run.config
    with HeldBack(config.held_back, config.seed) as held:
        shelf = Shelf(config.painted, config.seed) if student is not None else None
        read = Read(pool=PatchPool(config.pool, config.seed), held=held, shelf=shelf)
        reading = read_goods(stream, read, run.vision, run.steps.one)
        _check_count(reading)
        student, few = able(student, read, reading.pace, config, (1 - BANK) * run.clock.left)
        if student is None:
            read.shelf = None
        return ground_of(read, reading, run), student, few


def _learned(
    parts: Parts, known: Known, run: GoodsRun, total: int | None, notes: Iterable[str | None]
) -> LearnedGoods:
    """With the threshold and the bands that the scores of unseen goods give."""
    config = run.config
    return LearnedGoods(
        part=parts.part,
        threshold=threshold_of(parts.scores, config.false_alarm_rate),
        bands=bands_of(
            parts.scores,
            min(config.reject_rate, config.false_alarm_rate),
            config.false_alarm_rate,
        ),
        goods=known.reading.goods - len(known.dropped),
        suspects=tuple(
            SuspectGood(sha256=known.names[x.number], score=x.score, far=x.far)
            for x in known.suspects
        ),
        checked=known.checked,
        dropped=len(known.dropped),
        duplicates=known.reading.duplicates,
        data_sha256=names_sha256(known.names),
        seed=config.seed,
        seconds=run.clock.spent,
        metrics=_metrics(parts, known.reading, total),
        notes=tuple(x for x in notes if x is not None),
    )


def _check_count(reading: Reading) -> None:
    if reading.goods < LEAST:
        raise ModelError(
            f"learning needs at least {LEAST} different good pictures, got {reading.goods} "
            f"(and {reading.duplicates} copies): add pictures of good parts"
        )


def _unread_note(reading: Reading, total: int | None) -> str | None:
    unread = reading.unread(total)
    if unread == 0:
        return None
    rest = "the rest was" if unread is None else f"{unread} were"
    return (
        f"Only the first {reading.taken} pictures were read and {rest} left out, because half of "
        "the time was gone: give more minutes, fewer pictures, or a smaller backbone."
    )


def _again_note(state: DenseState) -> str | None:
    if not state.taken_up:
        return None
    return f"Learning was cut off before, and went on after {state.taken_up} steps."


def _metrics(parts: Parts, reading: Reading, total: int | None) -> dict[str, float]:
    unread = reading.unread(total)
    left = {} if unread is None else {"goods_unread": float(unread)}
    return {**parts.metrics, **left, "peak_rss_mb": peak_rss_mb()}
