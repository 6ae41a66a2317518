"""The recipe of the embedded backbone, in small, and the backbone that is shipped."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from secondlook.errors import BackboneError, ModelError, UsageError
from secondlook.models.backbones import TextBackbone, minilm, starter
from secondlook.models.starter import FOLDER, starter_backbone
from secondlook.training.starter import export as exporting
from secondlook.training.starter.config import StarterConfig
from secondlook.training.starter.export import export
from secondlook.training.starter.fields import FIELDS
from secondlook.training.starter.lessons import QUERIES, SIDE, SUPPORT, Lessons
from secondlook.training.starter.library import Library, library
from secondlook.training.starter.losses import Distillation, bank_loss, caption_loss
from secondlook.training.starter.retrieval import caption_retrieval
from secondlook.training.starter.scenes import scene
from secondlook.training.starter.student import Student
from secondlook.training.starter.surfaces import surface
from secondlook.training.starter.teacher import TAPS, Teacher, load_teacher
from secondlook.training.starter.train import Trainer

TINY = StarterConfig(
    steps=4, episodes=1, scenes=2, warm_up=2, surfaces_made=3, scenes_made=8, save_every=2
)


@pytest.fixture(scope="module")
def text() -> TextBackbone:
    return minilm()


@pytest.fixture(scope="module")
def pictures() -> Library:
    scenes = [scene(192, np.random.default_rng([7, i])) for i in range(8)]
    return Library(
        surfaces=np.stack([surface(320, np.random.default_rng([8, i])) for i in range(3)]),
        scenes=np.stack([x.pixels for x in scenes]),
        captions=tuple(x.caption for x in scenes),
    )


def squeezenet(folder: Path) -> Path:
    """A teacher with random weights in the layout of the real one."""
    numbers = torch.Generator().manual_seed(0)
    shapes = {"conv1": (96, 3, 7, 7)}
    into = 96
    for fire, (squeeze, expand) in enumerate(
        [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)], 2
    ):
        shapes[f"fire{fire}.conv1x1_1"] = (squeeze, into, 1, 1)
        shapes[f"fire{fire}.conv1x1_2"] = (expand, squeeze, 1, 1)
        shapes[f"fire{fire}.conv3x3_2"] = (expand, squeeze, 3, 3)
        into = 2 * expand
    tensors = {}
    for name, shape in shapes.items():
        tensors[f"{name}.weight"] = torch.randn(shape, generator=numbers).half() * 0.05
        tensors[f"{name}.bias"] = torch.zeros(shape[0]).half()
    save_file(tensors, folder / "teacher.safetensors")
    return folder / "teacher.safetensors"


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_a_picture_that_differs_by_seed(name: str) -> None:
    one, same, other = (FIELDS[name](64, np.random.default_rng(x)) for x in (1, 1, 2))
    assert one.shape == (64, 64)
    assert one.dtype == np.float32
    assert 0 <= one.min() < one.max() <= 1
    assert (one == same).all()
    assert (one != other).any()


def test_captions_say_what_is_there() -> None:
    for seed in range(60):
        made = scene(64, np.random.default_rng(seed))
        assert made.pixels.shape == (64, 64, 3)
        assert "surface" in made.caption
        assert any(word in made.caption for word in FIELDS)


def test_the_teacher_gives_maps_of_the_stated_channels(tmp_path: Path) -> None:
    maps = load_teacher(squeezenet(tmp_path))(torch.rand(2, 3, 160, 160))
    assert [x.shape[1] for x in maps] == list(TAPS.values())
    assert [x.shape[-1] for x in maps] == [38, 19, 9]


def test_another_file_is_not_the_teacher(tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(96, 3, 7, 7)}, tmp_path / "x.safetensors")
    with pytest.raises(BackboneError, match="is not the teacher"):
        load_teacher(tmp_path / "x.safetensors")
    with pytest.raises(BackboneError, match="is not the teacher"):
        load_teacher(tmp_path / "absent.safetensors")


def test_distillation_is_zero_for_what_was_taught() -> None:
    loss = Distillation([4])
    wanted = [torch.randn(8, 4, 6, 6) * 3 + 1]
    loss(wanted, wanted)  # learns mean and deviation
    loss.eval()
    mean, square = loss.get_buffer("mean0"), loss.get_buffer("square0")
    exact = [(wanted[0] - mean) / (square - mean.square()).sqrt()]
    assert float(loss(exact, wanted)) < 1e-8
    assert float(loss([torch.zeros_like(exact[0])], wanted)) > 0.5


def test_the_bank_lesson_wants_defects_far_and_goods_near() -> None:
    near, far = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    support = near.repeat(5, 1)
    query = near.repeat(1, 4, 4, 1).clone()
    query[0, 1, 1] = far
    cover = torch.zeros(1, 4, 4)
    cover[0, 1, 1] = 1
    judge = torch.tensor([8.0, -4.0])
    right = bank_loss(query, support, cover, judge)
    wrong = bank_loss(query, support, torch.roll(cover, 1, dims=2), judge)
    assert right < 0.1
    assert wrong > 3


def test_the_caption_lesson_wants_the_own_caption_first() -> None:
    own = torch.eye(4)
    others = torch.zeros(3, 4)
    scale = torch.tensor(20.0)
    assert caption_loss(own, own, others, scale) < 1e-3
    assert caption_loss(own, own.roll(1, dims=0), others, scale) > 5


def test_lessons_are_the_same_for_the_same_step(pictures: Library) -> None:
    lessons = Lessons(pictures, episodes=2, scenes=3, seed=0)
    one, two, other = lessons(5), lessons(5), lessons(6)
    assert one.pictures.shape == (2 * (SUPPORT + QUERIES) + 3, 3, SIDE, SIDE)
    assert one.masks.shape == (2 * QUERIES, 1, SIDE, SIDE)
    assert torch.equal(one.pictures, two.pictures)
    assert not torch.equal(one.pictures, other.pictures)
    assert set(one.scenes).isdisjoint(one.others)


class Killed(Exception):
    """Stands for the end of a process."""


def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not(
    pictures: Library, text: TextBackbone, tmp_path: Path
) -> None:
    teacher = load_teacher(squeezenet(tmp_path))

    def trainer(name: str) -> Trainer:
        (tmp_path / name).mkdir(exist_ok=True)
        return Trainer(TINY, pictures, teacher=teacher, text=text, folder=tmp_path / name)

    def killed_at_the_third(step: int, figures: dict[str, float]) -> None:
        if step == 3:
            raise Killed

    losses: list[dict[str, float]] = []
    whole = trainer("whole")
    whole.run(lambda step, figures: losses.append(figures))
    with pytest.raises(Killed):
        trainer("cut").run(killed_at_the_third)
    resumed = trainer("cut")
    assert resumed.step == 2
    resumed.run(lambda step, figures: None)
    assert set(losses[0]) == {"bank", "captions", "distillation"}
    for name, value in whole.average.items():
        assert torch.equal(value, resumed.average[name]), name


@pytest.fixture
def begun(pictures: Library, text: TextBackbone, tmp_path: Path) -> Callable[..., Trainer]:
    """A trainer in a folder that holds a checkpoint after no step, of TINY without a teacher."""

    def again(config: StarterConfig = TINY, teacher: Teacher | None = None) -> Trainer:
        return Trainer(config, pictures, teacher=teacher, text=text, folder=tmp_path)

    again().save()
    return again


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 1}, "seed 0, not 1"),
        ({"steps": 9, "rate": 1e-4}, "steps 4, not 9; rate 0.0015, not 0.0001"),
    ],
)
def test_a_run_is_not_taken_up_with_another_recipe(
    change: dict[str, Any], told: str, begun: Callable[..., Trainer]
) -> None:
    with pytest.raises(UsageError, match=f"begun with {told}: .*another folder"):
        begun(replace(TINY, **change))


def test_a_run_is_not_taken_up_with_another_teacher(
    begun: Callable[..., Trainer], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="begun with teacher none, not "):
        begun(teacher=load_teacher(squeezenet(tmp_path)))


def test_how_often_it_is_saved_may_change(begun: Callable[..., Trainer]) -> None:
    assert begun(replace(TINY, save_every=1)).step == 0


@pytest.mark.parametrize("damage", ["cut", "text", "foreign", "missing"])
def test_a_damaged_checkpoint_says_what_would_help(
    damage: str, begun: Callable[..., Trainer], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoint.safetensors"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "text":
        file.write_text("no checkpoint")
    elif damage == "foreign":
        save_file({"x": torch.zeros(1)}, file)
    else:
        with safe_open(file, "pt") as whole:
            header = whole.metadata()
        tensors = load_file(file)
        del tensors["student.judge"]
        save_file(tensors, file, header)
    with pytest.raises(ModelError, match=r"cannot go on from .*checkpoint\.safetensors.*delete it"):
        begun()


def test_no_time_makes_no_step(pictures: Library, text: TextBackbone, tmp_path: Path) -> None:
    trainer = Trainer(TINY, pictures, teacher=None, text=text, folder=tmp_path)
    trainer.run(lambda step, figures: None, seconds=0)
    assert trainer.step == 0


def test_what_is_exported_answers_like_what_was_trained(tmp_path: Path) -> None:
    student = Student().eval()
    export(dict(student.state_dict()), tmp_path / "s", {"step": 0})
    backbone = starter_backbone(tmp_path / "s")
    picture = scene(192, np.random.default_rng(1)).pixels
    batch = backbone.prepare([picture])
    with torch.inference_mode():
        states = student.tower(pixel_values=batch, output_hidden_states=True).hidden_states
        expected = student.picture_vectors(states)[0].numpy()
    assert np.abs(backbone.embed_images([picture])[0] - expected).max() < 2e-3
    assert backbone.aligned
    assert backbone.patches([picture]).shape == (1, 32, 32, 96 + 192)


def test_a_starter_that_is_damaged_says_what_would_help(tmp_path: Path) -> None:
    export(dict(Student().state_dict()), tmp_path / "s", {"step": 0})
    file = tmp_path / "s" / "shared.safetensors"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(BackboneError, match="reinstall secondlook"):
        starter_backbone(tmp_path / "s")
    with pytest.raises(BackboneError, match="backbones starter"):
        starter_backbone(tmp_path / "nowhere")


def test_a_starter_without_a_projection_says_what_would_help(tmp_path: Path) -> None:
    export(dict(Student().state_dict()), tmp_path / "s", {"step": 0})
    file = tmp_path / "s" / "shared.safetensors"
    tensors = load_file(file)
    del tensors["text_projection"]
    save_file(tensors, file)
    with pytest.raises(BackboneError, match="lacks text_projection.*reinstall secondlook"):
        starter_backbone(tmp_path / "s")
    save_file(tensors | {"text_projection": torch.zeros(3)}, file)
    with pytest.raises(BackboneError, match=r"text_projection of shape \(3,\).*reinstall"):
        starter_backbone(tmp_path / "s")


def test_an_export_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "s"
    export(dict(Student().state_dict()), folder, {"step": 0})
    before = {x.name: x.read_bytes() for x in folder.iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(exporting, "save_file", full)
    with pytest.raises(OSError, match="no space left"):
        export(dict(Student().state_dict()), folder, {"step": 1})
    assert {x.name: x.read_bytes() for x in folder.iterdir()} == before
    assert [x.name for x in tmp_path.iterdir()] == ["s"]
    monkeypatch.undo()
    export(dict(Student().state_dict()), folder, {"step": 1})
    assert json.loads((folder / "recipe.json").read_text())["step"] == 1
    assert {x.name for x in folder.iterdir()} == set(before)
    assert [x.name for x in tmp_path.iterdir()] == ["s"]


def test_an_export_keeps_what_else_lies_there(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "MODEL_CARD.md").write_text("mine")
    export(dict(Student().state_dict()), tmp_path / "s", {"step": 0})
    assert (tmp_path / "s" / "MODEL_CARD.md").read_text() == "mine"
    assert starter_backbone(tmp_path / "s").aligned


def test_pictures_cut_off_while_their_captions_are_written_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make() -> Library:
        return library(
            tmp_path, surfaces=1, scenes=2, seed=0, workers=1, progress=lambda done, total: None
        )

    def half(self: Path, text: str, **_: object) -> int:
        with self.open("w") as file:
            file.write(text[:3])
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", half)
        with pytest.raises(Killed):
            make()
    assert len(make().captions) == 2


def test_the_library_is_rendered_once(tmp_path: Path) -> None:
    steps: list[int] = []
    made = [
        library(
            tmp_path,
            surfaces=2,
            scenes=3,
            seed=0,
            workers=1,
            progress=lambda done, total: steps.append(done),
        )
        for _ in range(2)
    ]
    assert steps == [2, 5]
    assert made[0].captions == made[1].captions
    assert made[0].surfaces.shape == (2, 320, 320, 3)
    assert (made[0].scenes[2] == scene(192, np.random.default_rng([0, 2, 2])).pixels).all()


def test_the_shipped_starter_is_small_and_finds_captions() -> None:
    assert sum(x.stat().st_size for x in FOLDER.iterdir()) <= 30e6
    backbone = starter()
    assert backbone.ref.trained
    assert backbone.aligned
    found = caption_retrieval(backbone, pools=1)
    assert found["r_at_1"] >= 0.5
