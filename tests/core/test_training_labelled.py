"""Learning from labelled cases: head, LoRA, the choice, and what cannot be learned from."""

import json
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from secondlook.errors import ModelError
from secondlook.models.case_vectors import picture_vectors
from secondlook.models.familiar import LOOK
from secondlook.models.recipe import Recipe
from secondlook.training import log as log_module
from secondlook.training.checkpoint import Checkpoint
from secondlook.training.labelled import (
    LabelledCase,
    LearnedLabelled,
    learn_labelled,
)
from secondlook.training.labelled import stage as stage_module
from secondlook.training.labelled import tuning as tuning_module
from secondlook.training.labelled.augment import CHANGES, picture_view, random_for, text_view
from secondlook.training.labelled.cases import joined_groups
from secondlook.training.labelled.material import Material
from secondlook.training.labelled.states import PictureStates
from secondlook.training.labelled.tuned_folds import FoldTuning
from secondlook.training.labelled.tuning import Tuner
from striped_cases import (
    CLASSES,
    CONFIG,
    SIDES,
    TUNE,
    Pixels,
    Words,
    learn,
    network,
    picture,
    some_cases,
)


@pytest.fixture(scope="module")
def learned() -> LearnedLabelled:
    return learn(some_cases())


def test_both_ways_are_judged_on_the_same_folds_and_the_figures_are_told(
    learned: LearnedLabelled,
) -> None:
    assert set(learned.comparison) == {"head", "lora"}
    assert learned.metrics == learned.comparison[learned.way]
    assert (learned.metrics["accuracy"] or 0) > 0.6
    assert "accuracy" in learned.reason
    assert ("the head alone is kept" in learned.reason) == (learned.way == "head")
    assert learned.cases == 36
    assert set(learned.seconds) == {"read", "head", "lora", "total"}
    assert {"recipe:pooled", "recipe:levels", "recipe:pooled+levels"} <= set(learned.selection)


def test_a_group_lies_whole_in_one_fold(learned: LearnedLabelled) -> None:
    number = learned.folds.number
    assert (number[0::2] == number[1::2]).all()


def test_the_same_seed_learns_the_same(learned: LearnedLabelled) -> None:
    again = learn(some_cases())
    assert (again.unseen.logits == learned.unseen.logits).all()
    assert again.comparison == learned.comparison
    other = learn(some_cases(), seed=1)
    assert other.comparison != learned.comparison


def test_what_pictures_look_like_is_asked_unless_a_goods_part_does(
    learned: LearnedLabelled,
) -> None:
    grey = np.full((32, 32, 3), 128, dtype=np.uint8)
    vision = network()
    assert set(learned.part.familiarity) == {"image", LOOK}
    assert len(learned.part.familiarity[LOOK].vectors) == 36
    usual = [learned.part.answer(vision, None, [picture(x)], ()).unfamiliar for x in range(50, 70)]
    assert sum(usual) <= 3
    assert learned.part.answer(vision, None, [grey], ()).unfamiliar


def test_lora_is_not_tried_on_pictures_that_are_left_out(tmp_path: Path) -> None:
    stage = stage_module.TuneStage(
        network(), None, CONFIG, Checkpoint(None, {}), log_module.Log(None), time.monotonic() + 60
    )
    head: Any = types.SimpleNamespace(config=types.SimpleNamespace(unused=("image",)))
    work: Any = types.SimpleNamespace(features={"image": None}, attention=())
    said = stage.run(work, types.SimpleNamespace(head=head), lambda _: None)  # type: ignore[arg-type]  # no more is read
    assert said.tuned is None and "the pictures told nothing" in said.reason


def test_progress_rises_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    learn_labelled(
        some_cases(24), vision=network(), text=None, classes=CLASSES, config=CONFIG,
        progress=lambda *x: told.append(x),
    )  # fmt: skip
    assert told == sorted(set(told))
    assert told[-1] == (100, 100)


def kept_lora(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "choose_tuned", lambda *_: (True, "for the test"))


def test_lora_that_is_better_is_kept_and_answers_as_it_was_learned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept_lora(monkeypatch)
    monkeypatch.setattr(FoldTuning, "run", _at_least_two_epochs(FoldTuning.run))
    vision = network()
    out = learn(some_cases(24), vision=vision)
    assert out.way == "lora" and out.part.lora is not None
    assert any(b.abs().max() > 0 for _, b in out.part.lora.pairs.values())
    frozen = picture_vectors(vision, [picture(1)], out.part.recipe)
    vision.slots.bind("a", lambda: out.part.lora)  # type: ignore[arg-type,return-value]
    adapted = picture_vectors(vision, [picture(1)], out.part.recipe, "a")
    assert np.abs(frozen - adapted).max() > 1e-4
    out.part.save(tmp_path)
    again = type(out.part).load(tmp_path)
    mine, its = (x.answer(vision, None, [picture(1)], []) for x in (out.part, again))
    assert mine.probabilities == pytest.approx(its.probabilities, abs=1e-5)


def _at_least_two_epochs(run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *x: replace(run(*x), epochs=2)


def test_lora_that_is_not_better_gives_way_to_the_head() -> None:
    wild = replace(TUNE, lora_rate=10.0, head_rate=10.0)
    out = learn(some_cases(), tune=wild)
    assert out.way == "head" and out.part.lora is None
    assert "the head alone is kept" in out.reason


def test_a_run_killed_between_folds_ends_with_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept_lora(monkeypatch)
    whole = learn(some_cases(24), folder=tmp_path / "whole")
    done: list[int] = []
    fold = FoldTuning._fold

    def killed(self: FoldTuning, k: int) -> Any:
        done.append(k)
        if done == [0, 1]:
            raise KeyboardInterrupt
        return fold(self, k)

    monkeypatch.setattr(FoldTuning, "_fold", killed)
    with pytest.raises(KeyboardInterrupt):
        learn(some_cases(24), folder=tmp_path / "killed")
    resumed = learn(some_cases(24), folder=tmp_path / "killed", seconds=601)
    assert done == [0, 1, 1, 2]
    assert (resumed.unseen.logits == whole.unseen.logits).all()
    assert resumed.comparison == whole.comparison


def test_damaged_steps_are_done_again_and_a_bad_folder_is_named(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, NDArray[Any]]:
        made.append(1)
        return {"x": np.arange(3)}

    steps = Checkpoint(tmp_path, {"a": 1})
    assert steps.folder is not None
    steps.step("s", make)
    assert (steps.step("s", make)["x"] == np.arange(3)).all() and len(made) == 1
    (steps.folder / "s.safetensors").write_bytes(b"half")
    steps.step("s", make)
    assert len(made) == 2
    Checkpoint(tmp_path, {"a": 2}).step("s", make)  # other work
    assert len(made) == 3
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot keep the state"):
        Checkpoint(tmp_path / "file", {})


def test_too_little_time_is_said_with_what_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> Pixels:
        time.sleep(0.02)
        return picture(0)

    with pytest.raises(ModelError, match="at least .* minutes"):
        learn([replace(x, images=(slow,)) for x in some_cases()], seconds=0.2)
    monkeypatch.setattr(stage_module, "STEP_COST", 1e6)
    out = learn(some_cases(24))
    assert out.way == "head" and "LoRA was not tried" in out.reason and "minutes" in out.reason
    assert set(out.comparison) == {"head"}


def test_the_time_limit_holds_within_an_epoch() -> None:
    tune = replace(TUNE, epochs=100_000, patience=100_000)
    started = time.monotonic()
    out = learn(some_cases(24), tune=tune, seconds=2.5)
    assert time.monotonic() - started < 4.5
    assert out.seconds["total"] == pytest.approx(2.5, abs=1.5)


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (some_cases(3), "at least 8 labelled cases, got 3"),
        ([replace(x, labels=("rows",)) for x in some_cases()], "nothing can be told apart"),
        ([replace(x, group="one lot") for x in some_cases()], "2 groups"),
        ([replace(x, images=(picture(0),)) for x in some_cases()], "groups"),
        ([replace(x, labels=("scratch",)) for x in some_cases()], "none of"),
        ([replace(x, labels=("rows", "plain")) for x in some_cases()], "exactly one label"),
        ([replace(x, labels=()) for x in some_cases()], "exactly one label"),
        ([replace(x, images=()) for x in some_cases()], "none of 36 cases has a picture"),
    ],
)
def test_what_teaches_nothing_is_refused(cases: list[LabelledCase], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        learn(cases)


def test_constant_pictures_teach_nothing_unless_they_differ() -> None:
    def plain(value: int) -> Pixels:
        return np.full((20, 20, 3), value, dtype=np.uint8)

    grey = [replace(x, images=(plain(9), picture(0)[:1])) for x in some_cases()]
    with pytest.raises(ModelError, match="groups"):  # one picture: one group
        learn(grey)
    differ = [replace(x, images=(plain(2 * i + 80 * (i % 3)),)) for i, x in enumerate(some_cases())]
    assert learn(differ, tune=None).metrics["accuracy"] is not None


def test_missing_pictures_are_counted_and_their_cases_left_out() -> None:
    def missing() -> Pixels:
        raise FileNotFoundError("gone.png")

    cases = some_cases()
    cases[0] = replace(cases[0], images=(missing,))
    cases[1] = replace(cases[1], images=(missing, picture(1)))
    cases[2] = replace(cases[2], images=(np.zeros((0, 4, 3), np.uint8),))
    out = learn(cases, tune=None)
    assert out.unread == 3 and out.cases == 34
    assert out.left_out == tuple(sorted([cases[0].key, cases[2].key]))
    assert "not asked for" in out.reason


def test_one_picture_in_two_groups_joins_them() -> None:
    numbers, lost = joined_groups(["a", "b", "c", "d"], [["x"], ["y"], ["x"], []])
    assert numbers.tolist() == [0, 1, 0, 2] and lost == 1
    cases = some_cases()
    cases.append(replace(cases[0], key="f" * 64, group="another lot"))
    out = learn(cases, tune=None)
    assert out.joined_groups == 1
    assert out.folds.number[-1] == out.folds.number[0]


def test_texts_count_too_and_may_be_missing() -> None:
    cases = [
        replace(x, passages=(f"a {x.labels[0]}", "a a a") if i % 4 else ())
        for i, x in enumerate(some_cases())
    ]
    cases[1] = replace(cases[1], images=())
    out = learn(cases, text=Words(), folds=2)
    assert out.part.head.config.names == ("image", "text")
    assert {"image", "text", "shuffled_text"} <= set(out.ablations)
    assert (out.metrics["accuracy"] or 0) > 0.8
    answer = out.part.answer(network(), Words(), [picture(3)], ["a rows"])
    assert max(answer.probabilities, key=answer.probabilities.__getitem__) == "rows"


def test_texts_alone_are_learned_without_lora() -> None:
    cases = [replace(x, passages=(f"a {x.labels[0]}",)) for x in some_cases(24)]
    out = learn_labelled(cases, vision=None, text=Words(), classes=CLASSES, config=CONFIG)
    assert out.reason.startswith("there are no pictures")
    assert out.part.head.config.names == ("text",)


def test_several_labels_may_hold() -> None:
    cases = [replace(x, labels=(*x.labels, "plain") if i % 2 else x.labels)
             for i, x in enumerate(some_cases())]  # fmt: skip
    out = learn(cases, multilabel=True, folds=2)
    assert set(out.comparison) == {"head", "lora"}
    assert out.unseen.labels.shape == (36, 3)


def test_a_tower_that_cannot_be_cut_keeps_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = PictureStates._vectors
    monkeypatch.setattr(PictureStates, "_vectors", lambda *x: vectors(*x) + 1)
    out = learn(some_cases(24))
    assert out.way == "head" and "LoRA cannot be learned here" in out.reason


class Short:
    """Memory for so many cases at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        self.met: list[int] = []
        batch = Material.batch

        def tight(this: Material, states: Any, rows: Any, views: Any) -> Any:
            self.met.append(len(rows))
            if len(rows) > most and torch.is_grad_enabled():
                raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to ...")
            return batch(this, states, rows, views)

        monkeypatch.setattr(Material, "batch", tight)


def test_without_memory_smaller_parts_are_tried_and_then_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = Short(monkeypatch, most=2)
    out = learn(some_cases(24), folds=2)
    assert set(out.comparison) == {"head", "lora"} and 2 in short.met
    monkeypatch.undo()
    Short(monkeypatch, most=1)
    with pytest.raises(ModelError, match="no memory for 2 cases at once"):
        learn(some_cases(24))


def test_other_errors_of_torch_are_not_taken_for_lack_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(tuning_module, "task_loss", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        learn(some_cases(24))


@pytest.fixture(scope="module")
def tuner() -> Iterator[Tuner]:
    vision = network()
    pictures = [picture(x) for x in range(16)]
    recipe = Recipe(levels=(1, 2))
    size = picture_vectors(vision, pictures[:1], recipe).shape[1]
    config = replace(TUNE, mixup=0, batch=16, part=16)
    with PictureStates(
        vision, recipe, 2, lambda x: vision.prepare.resized(pictures[x[0]]), memory_bytes=1 << 20
    ) as states:
        material = Material(
            labels=torch.arange(16) % 3,
            pictures=tuple((x,) for x in range(16)),
            text=None,
            has_text=torch.zeros(16, dtype=torch.bool),
            size=size,
            views=1,
        )
        yield Tuner(vision, states, material, config)


def plain_head(size: int) -> Any:
    from secondlook.models.fusion.head import FusionConfig, FusionHead
    from secondlook.models.fusion.inputs import ModalitySpec

    torch.manual_seed(0)
    modality = ModalitySpec("image", size)
    return FusionHead(FusionConfig(modalities=(modality,), classes=CLASSES, hidden=16, dropout=0))


def test_gradients_of_parts_add_up_to_those_of_the_batch(tuner: Tuner) -> None:
    head = plain_head(tuner.material.size)
    tuned = []
    for part in (16, 4):
        config = replace(tuner.config, part=part, epochs=1)
        work = Tuner(tuner.vision, tuner.states, tuner.material, config)
        tuned.append(work.tune(head, range(16), [], seed=0, until=time.monotonic() + 60))
    for name, (_, b) in tuned[0].lora.pairs.items():
        assert b.abs().max() > 0
        assert torch.allclose(b, tuned[1].lora.pairs[name].b, atol=1e-5)


def test_bfloat16_learns_about_the_same(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning_module, "has_bf16", lambda: True)
    head = plain_head(tuner.material.size)
    tuned = []
    for bf16 in (False, True):
        config = replace(tuner.config, bf16=bf16)
        work = Tuner(tuner.vision, tuner.states, tuner.material, config)
        tuned.append(work.tune(head, range(16), [], seed=0, until=time.monotonic() + 60))
    mine, its = (x.head.state_dict() for x in tuned)
    assert all(torch.allclose(mine[x], its[x], atol=0.02) for x in mine)
    assert any(not torch.equal(mine[x], its[x]) for x in mine)


def test_the_start_is_kept_where_no_epoch_is_better(tuner: Tuner) -> None:
    config = replace(tuner.config, head_rate=100.0, lora_rate=100.0)
    work = Tuner(tuner.vision, tuner.states, tuner.material, config)
    head = plain_head(tuner.material.size)
    tuned = work.tune(head, range(8), range(8, 16), seed=0, until=time.monotonic() + 60)
    if tuned.epochs == 0:
        assert all(not b.any() for _, b in tuned.lora.pairs.values())
    assert torch.isfinite(tuned.head.state_dict()["classifier.2.weight"]).all()
    late = work.tune(head, range(16), [], seed=0, until=time.monotonic() - 1)
    assert late.epochs == 0 and not any(b.any() for _, b in late.lora.pairs.values())
    assert tuner.vision.slots.resident == ()


@pytest.mark.parametrize("family", sorted(SIDES))
@pytest.mark.parametrize("pooled", [True, False])
def test_from_cached_states_come_the_vectors_of_the_whole_tower(family: str, pooled: bool) -> None:
    vision, recipe = network(family), Recipe(pooled=pooled, levels=(1, 2, 3))
    pictures = [picture(x) for x in range(3)]

    def load(look: tuple[int, int]) -> Pixels:
        return vision.prepare.resized(pictures[look[0]])

    with PictureStates(vision, recipe, 2, load, memory_bytes=1 << 20) as states:
        looks = [(x, 0) for x in range(3)]
        states.read(looks)
        assert np.abs(states.vectors(looks).detach().numpy()
                      - picture_vectors(vision, pictures, recipe)).max() < 1e-4  # fmt: skip
        states.read([(0, 1)])
        again = states.vectors([(0, 1)])  # from float16, which is enough to learn from
        assert torch.allclose(again, states.vectors([(0, 0)]), rtol=0.02, atol=0.02)


def test_views_differ_but_keep_their_size_and_seed() -> None:
    sight = picture(4)
    views = [picture_view(sight, random_for(0, "ab" * 32, x)) for x in range(1, 9)]
    assert all(x.shape == sight.shape and x.dtype == np.uint8 for x in views)
    assert len({x.tobytes() for x in views}) == 8
    again = picture_view(sight, random_for(0, "ab" * 32, 1))
    assert (again == views[0]).all()
    for change in CHANGES:
        changed = change(sight, np.random.default_rng(1))
        assert changed.shape == sight.shape and (changed != sight).any()
        assert abs(float(changed.mean()) - float(sight.mean())) < 60


def test_without_flips_nothing_is_mirrored() -> None:
    ramp = np.repeat(np.arange(0, 240, 8, dtype=np.uint8)[None, :, None], 30, 0).repeat(3, 2)
    for view in range(20):
        seen = picture_view(ramp, random_for(0, "cd" * 32, view), flips=False).astype(float)
        assert seen[:, :10].mean() < seen[:, -10:].mean()


def test_masked_texts_are_never_empty() -> None:
    for view in range(30):
        masked = text_view(["one two three four", "five"], random_for(0, "ef" * 32, view))
        assert masked and all(masked)
        assert set(" ".join(masked).split()) <= {"one", "two", "three", "four", "five"}
    assert text_view([""], random_for(0, "ef" * 32, 0)) == [""]


def test_the_log_is_lines_and_goes_to_tensorboard_where_that_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Any, ...]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            self.folder = folder

        def add_scalar(self, *figures: Any) -> None:
            told.append(figures)

        def close(self) -> None:
            told.append(("closed",))

    board = types.ModuleType("torch.utils.tensorboard")
    board.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", board)
    monkeypatch.setattr(log_module, "find_spec", lambda _: object())
    learn(some_cases(24), folder=tmp_path)
    (file,) = tmp_path.rglob("log.jsonl")
    lines = [json.loads(x) for x in file.read_text().splitlines()]
    assert {"fold-0", "fold-1", "fold-2", "head", "lora"} <= {x["name"] for x in lines}
    assert all(np.isfinite(x["loss"]) for x in lines if "loss" in x)
    assert ("fold-0/loss", lines[0]["loss"], 1) in told
    assert told[-1] == ("closed",)
