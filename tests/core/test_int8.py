"""Backbones in int8: near what they were made from, checked when loaded, and never adapted."""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import secondlook.training.int8.convert
from plates import plate
from secondlook.digests import file_sha256
from secondlook.errors import AdapterError, BackboneError, ModelError
from secondlook.models.backbones import load_text, load_vision
from secondlook.models.explain.explain import explain_answer
from secondlook.models.families import load_backbone
from secondlook.models.goods import network_of
from secondlook.models.inspection import inspect_checkpoint
from secondlook.models.int8.card import CARD, GateFigures, QuantizedCard
from secondlook.models.int8.files import NETWORK, PROBE, WEIGHTS, write_quantized
from secondlook.models.int8.network import Int8Network
from secondlook.models.int8.openvino_runtime import INSTALL, openvino
from secondlook.models.levels import join_levels
from secondlook.models.runtime import Runtime
from secondlook.models.vision import PatchNetwork
from secondlook.training.goods import GoodsConfig, learn_goods
from secondlook.training.goods_adapter import goods_adapter
from secondlook.training.int8.convert import convert, quantize
from secondlook.training.int8.judge import LEAST, MOST, Judge, Split, check
from secondlook.training.int8.make import make_int8
from secondlook.training.labelled import LabelledCase, LabelledConfig, learn_labelled
from tiny_checkpoints import Tiny

needs_extra = pytest.mark.skipif(
    find_spec("openvino") is None or find_spec("nncf") is None,
    reason=f"NOT TESTED: int8 backbones need the extra openvino: {INSTALL}",
)
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def int8(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny ViT in int8; whoever changes the folder copies it first."""
    folder = tmp_path_factory.mktemp("int8") / "vit-int8"
    network, card = make_int8(
        torch_network(tiny("vit")), Split.of(plates(40), 0), licence="MIT", tolerance=0.5
    )
    write_quantized(folder, network, card)
    return folder


@pytest.fixture(scope="module")
def vision(int8: Path) -> Int8Network:
    """It loaded, for tests that only look."""
    return loaded(int8)


@pytest.fixture
def copied(int8: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(int8, tmp_path / "copy"))


def plates(count: int) -> list[tuple[str, Pixels]]:
    return [
        (f"{i:064x}", np.asarray(plate(i).convert("RGB").resize((32, 32)))) for i in range(count)
    ]


def pictures(count: int) -> list[Pixels]:
    return [x for _, x in plates(count)]


def torch_network(folder: Path) -> PatchNetwork:
    return network_of(load_vision(folder))


def loaded(folder: Path) -> Int8Network:
    backbone = load_vision(folder)
    assert isinstance(backbone, Int8Network)
    return backbone


def cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    near: NDArray[np.float32] = (one * other).sum(-1) / lengths
    return near


# what it says


@needs_extra
def test_it_says_what_the_backbone_said_that_it_was_made_from(
    vision: Int8Network, tiny: Tiny
) -> None:
    before, after = torch_network(tiny("vit")), vision
    one, other = before.patches(pictures(3)), after.patches(pictures(3))
    assert one.shape == other.shape
    assert one.dtype == other.dtype == np.float32
    assert cosines(one, other).min() > 0.98
    assert np.abs(one - other).max() > 1e-5  # int8 is not float32
    assert cosines(before.embed_images(pictures(3)), after.embed_images(pictures(3))).min() > 0.98
    a, b = before.image_features(pictures(2)), after.image_features(pictures(2))
    assert [x.shape for x in a.levels] == [x.shape for x in b.levels]
    assert (a.tokens.shape, a.pooled.shape) == (b.tokens.shape, b.pooled.shape)
    assert before.level_sizes == after.level_sizes
    assert before.image_tower.size == after.image_tower.size
    assert before.image_tower.pooled_size == after.image_tower.pooled_size
    assert after.patches([]).size == after.embed_images([]).size == 0


@needs_extra
def test_a_convolutional_network_is_quantized_too_and_in_silence(
    tiny: Tiny, capfd: pytest.CaptureFixture[str]
) -> None:
    before, kind = torch_network(tiny("resnet")), logging.getLoggerClass()
    network = quantize(convert(before), [before.prepare([x]).numpy() for x in pictures(8)])
    after = Int8Network(network, before.ref, before.prepare, before.levels)
    assert cosines(before.patches(pictures(2)), after.patches(pictures(2))).min() > 0.95
    assert before.image_tower.pooled_size == after.image_tower.pooled_size
    assert logging.getLoggerClass() is kind
    assert capfd.readouterr() == ("", "")


@needs_extra
def test_patches_read_alone_are_those_among_all_features(vision: Int8Network) -> None:
    levels = vision.image_features(pictures(1)).levels
    whole = join_levels([levels[i] for i in vision.levels]).permute(0, 2, 3, 1)
    assert np.abs(whole.numpy() - vision.patches(pictures(1))).max() < 1e-5


@needs_extra
def test_a_picture_gets_the_same_answer_alone_in_a_batch_and_after_loading(
    int8: Path, vision: Int8Network
) -> None:
    again = loaded(int8)
    many, pooled = vision.patches(pictures(5)), vision.embed_images(pictures(5))
    for i, picture in enumerate(pictures(5)):
        for one in (vision, again):
            assert np.array_equal(one.patches([picture])[0], many[i])
            assert np.array_equal(one.embed_images([picture])[0], pooled[i])


@needs_extra
def test_threads_share_it(vision: Int8Network) -> None:
    expected = [vision.patches([x])[0] for x in pictures(8)]

    def look(i: int) -> bool:
        picture = pictures(8)[i % 8]
        vision.image_features([picture])
        return np.array_equal(vision.patches([picture])[0], expected[i % 8])

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(look, range(64)))


@needs_extra
@pytest.mark.parametrize("choice", ["auto", "bfloat16"])
def test_its_precision_is_int8_whatever_is_asked_for(
    choice: Any, int8: Path, vision: Int8Network
) -> None:
    asked: Any = Runtime({}, precision=choice).vision(str(int8))
    assert asked.preprocessing.endswith(", int8")
    assert np.array_equal(asked.patches(pictures(1)), vision.patches(pictures(1)))


# what it is


@needs_extra
def test_check_says_what_it_is_for_and_what_not(int8: Path, tiny: Tiny) -> None:
    report = inspect_checkpoint(int8)
    assert report.problems == ()
    assert report.uses == ("patch features", "pooled image vectors")
    assert (report.family, report.kind, report.licence) == ("vit", "vision", "MIT")
    assert report.input_size == (32, 32)
    assert report.fingerprint == load_backbone(int8).ref.fingerprint
    source = load_backbone(tiny("vit")).ref.fingerprint
    assert report.fingerprint != source
    assert source[:12] in report.notes[0]
    assert "AUROC" in report.notes[0]
    assert "stays as it is" in report.notes[1]
    with pytest.raises(BackboneError, match=r"config\.json"):
        load_text(int8)


@needs_extra
def test_its_card_names_its_source_and_its_libraries(
    int8: Path, vision: Int8Network, tiny: Tiny
) -> None:
    card = QuantizedCard.model_validate_json((int8 / CARD).read_bytes())
    assert card.source == torch_network(tiny("vit")).ref
    assert card.calibration == 10
    assert (card.gate.bank_goods, card.gate.judges) == (20, 10)
    assert {"openvino", "nncf", "torch"} <= set(card.libraries)
    assert sorted(x.name for x in int8.iterdir()) == sorted([CARD, NETWORK, WEIGHTS, PROBE])
    assert vision.prepare == torch_network(tiny("vit")).prepare


# learning on it


@needs_extra
def test_goods_give_a_bank_alone_that_fits_no_other_backbone(
    int8: Path, vision: Int8Network, tiny: Tiny
) -> None:
    config = GoodsConfig(seconds=60, least_painted=20, set_aside=20)
    learned = learn_goods(iter(plates(24)), vision=vision, config=config)
    assert learned.part.dense is None
    assert "the bank stands alone: a backbone in int8 stays as it is" in " ".join(learned.notes)
    adapter = goods_adapter(
        learned, domain="d", product=None, version=1, vision=str(int8), backbone=vision
    )
    adapter.check(loaded(int8))
    assert adapter.goods is not None
    assert np.isfinite(adapter.goods.look(vision, pictures(1)[0]).score)
    with pytest.raises(AdapterError, match="learn again"):
        adapter.check(torch_network(tiny("vit")))


@needs_extra
def test_labels_give_a_head_alone(vision: Int8Network) -> None:
    cases = [
        LabelledCase(
            images=(np.asarray(plate(i, hole=i % 2 == 1).convert("RGB")),),
            labels=("bad" if i % 2 else "good",),
            group=str(i),
            key=f"{i:064x}",
        )
        for i in range(24)
    ]
    learned = learn_labelled(
        cases, vision=vision, text=None, classes=("good", "bad"), config=LabelledConfig(seconds=90)
    )
    assert learned.way == "head"
    assert "LoRA cannot be learned here: a backbone in int8 stays as it is" in learned.reason
    picture = np.asarray(plate(99).convert("RGB"))
    answer = learned.part.answer(vision, None, [picture], ())
    assert answer.probabilities["good"] > 0.5
    explained = explain_answer(learned.part, vision, None, [picture], (), "good")
    assert explained.maps == ()  # no gradients, so nothing says where


@needs_extra
@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.slots,
        lambda x: x.states(x.prepare(pictures(1)), 2),
        lambda x: x.image_tower.model,
        lambda x: x.image_features(pictures(1), "an-adapter"),
        lambda x: x.image_tower.projection,
    ],
)
def test_whatever_would_adapt_it_is_refused(ask: Callable[[Any], Any], vision: Int8Network) -> None:
    with pytest.raises(AdapterError, match=r"stays as it is.*give the checkpoint"):
        ask(vision)


# what cannot be loaded


def rewrite(folder: Path, **changes: Any) -> None:
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps(card | changes), encoding="utf-8")


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, (folder / name).stat().st_size // 2)


def forged(name: str, content: bytes) -> Callable[[Path], None]:
    """Damaged, and the card says that it must be so."""

    def forge(folder: Path) -> None:
        (folder / name).write_bytes(content)
        others = json.loads((folder / CARD).read_text(encoding="utf-8"))["files"]
        rewrite(folder, files=others | {name: file_sha256(folder / name)})

    return forge


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "network cut off": (cut(NETWORK), "network.xml has sha256"),
    "weights cut off": (cut(WEIGHTS), "network.bin has sha256"),
    "no weights": (lambda x: (x / WEIGHTS).unlink(), "it has no network.bin"),
    "no probe": (lambda x: (x / PROBE).unlink(), "it has no probe"),
    "card cut off": (cut(CARD), "no card of format 1"),
    "card of the future": (lambda x: rewrite(x, format=2), "no card of format 1"),
    "card of another thing": (lambda x: rewrite(x, files={}), "names \\[\\]"),
    "path in the card": (lambda x: rewrite(x, files={"../x": "0"}), "names \\['../x'\\]"),
    "no levels": (lambda x: rewrite(x, levels=[]), "no card of format 1"),
    "level that is not there": (lambda x: rewrite(x, levels=[99]), "cannot use the network"),
    "no network at all": (forged(NETWORK, b"<net>"), "cannot use the network.*install that"),
    "weights of another": (forged(WEIGHTS, b"\0" * 64), "cannot use the network"),
    "probe of another thing": (forged(PROBE, b"\0" * 64), "probe.safetensors does not fit"),
}


@needs_extra
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_folder_is_refused_and_says_why(name: str, copied: Path) -> None:
    damage, words = DAMAGES[name]
    damage(copied)
    with pytest.raises(BackboneError, match=rf"(?s){words}.*backbones quantize"):
        load_vision(copied)
    report = inspect_checkpoint(copied)
    assert report.uses == ()
    assert len(report.problems) == 1


@needs_extra
def test_a_processor_that_computes_something_else_is_refused(copied: Path) -> None:
    from safetensors.numpy import load_file, save_file

    said = {x: -y for x, y in load_file(copied / PROBE).items()}
    save_file(said, copied / PROBE)
    forged(PROBE, (copied / PROBE).read_bytes())(copied)
    with pytest.raises(BackboneError, match=r"something else here.*cosine -1\.000"):
        load_vision(copied)


@needs_extra
def test_without_the_extra_it_says_what_to_install(
    int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    for load in (load_vision, load_backbone):
        with pytest.raises(BackboneError, match=r"pip install 'secondlook\[openvino\]'"):
            load(int8)
    report = inspect_checkpoint(int8)
    assert report.family == "vit"
    assert INSTALL in report.problems[0]


def test_without_the_extra_nothing_is_quantized(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(BackboneError, match=r"pip install 'secondlook\[openvino\]'"):
        make_int8(torch_network(tiny("vit")), Split.of(plates(LEAST), 0))


# making it


@needs_extra
def test_a_network_that_cannot_be_converted_is_refused(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no rule for this operation")

    monkeypatch.setattr("torch.export.export", fail)
    with pytest.raises(BackboneError, match=r"vit cannot be converted.*no rule.*use a ViT"):
        convert(torch_network(tiny("vit")))


@needs_extra
def test_a_network_that_says_something_else_when_converted_is_refused(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = secondlook.training.int8.convert.compiled

    def wrong(model: Any) -> Callable[[Any], list[Any]]:
        whole = usual(model)
        return lambda pixels: [1.01 * x for x in whole(pixels).values()]

    monkeypatch.setattr("secondlook.training.int8.convert.compiled", wrong)
    with pytest.raises(BackboneError, match="openvino computes something else of resnet"):
        convert(torch_network(tiny("resnet")))


@needs_extra
def test_it_is_written_whole_or_not_at_all(
    int8: Path, vision: Int8Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = QuantizedCard.model_validate_json((int8 / CARD).read_bytes())
    network = vision.image_tower.network
    with pytest.raises(BackboneError, match="never overwritten"):
        write_quantized(int8, network, card)
    with pytest.raises(BackboneError, match="cannot use the network"):
        write_quantized(tmp_path / "new", network, card.model_copy(update={"levels": (99,)}))
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(BackboneError, match="cannot write the backbone.*disk full"):
        write_quantized(tmp_path / "new", network, card)
    assert list(tmp_path.iterdir()) == []


@needs_extra
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_who_may_read_it_is_up_to_the_umask(
    int8: Path, vision: Int8Network, tmp_path: Path, umask: int
) -> None:
    card = QuantizedCard.model_validate_json((int8 / CARD).read_bytes())
    before = os.umask(umask)
    try:
        write_quantized(tmp_path / "new", vision.image_tower.network, card)
    finally:
        os.umask(before)
    folder = tmp_path / "new"
    assert folder.stat().st_mode & 0o777 == 0o777 & ~umask
    assert not any(x.stat().st_mode & umask for x in folder.iterdir())


def figures(**changes: float) -> GateFigures:
    values: dict[str, Any] = {
        "auroc_before": 0.9,
        "auroc_int8": 0.9,
        "tolerance": 0.01,
        "cosine_mean": 0.99,
        "cosine_low": 0.95,
        "bank_goods": 20,
        "judges": 10,
        "painted": 100,
    }
    return GateFigures(**values | changes)


@pytest.mark.parametrize("int8_auroc", [0.895, 0.9, 0.99])
def test_the_gate_lets_pass_what_tells_as_well(int8_auroc: float) -> None:
    check(figures(auroc_int8=int8_auroc), "vit")


@pytest.mark.parametrize("int8_auroc", [0.889, 0.5, float("nan")])
def test_the_gate_refuses_what_tells_less_well(int8_auroc: float) -> None:
    with pytest.raises(
        BackboneError, match=r"vit in int8.*without int8 with 0\.900.*more than 0\.01"
    ):
        check(figures(auroc_int8=int8_auroc), "vit")


@pytest.mark.parametrize("cosine", [0.89, 0.0, float("nan")])
def test_the_gate_refuses_other_features_even_where_chance_tells_as_well(cosine: float) -> None:
    chance = figures(auroc_before=0.5, auroc_int8=0.5, cosine_mean=cosine)
    with pytest.raises(BackboneError, match=r"vit in int8 has other features.*nothing was written"):
        check(chance, "vit")


def test_the_judge_compares_on_the_same_pictures(tiny: Tiny) -> None:
    network = torch_network(tiny("vit"))
    split, steps = Split.of(plates(40), 0), [0]

    def step() -> None:
        steps[0] += 1

    judge = Judge(network, split, 0, step)
    same = judge.figures(network)
    assert same.auroc_before == same.auroc_int8
    assert same.cosine_low > 0.999
    assert same.painted >= 100
    assert steps[0] == 2 * (same.bank_goods + same.judges + same.painted)

    class Loud:
        ref, preprocessing = network.ref, ""

        def patches(self, images: list[Pixels]) -> NDArray[np.float32]:
            """As some towers have them: beyond what half precision holds."""
            return network.patches(images) * np.float32(1e6)

    loud = Judge(Loud(), split, 0, step).figures(network)
    assert loud.cosine_low > 0.999

    class Blind:
        ref, preprocessing = network.ref, ""

        def patches(self, images: list[Pixels]) -> NDArray[np.float32]:
            shape = network.patches(images).shape
            noise: NDArray[np.float32] = np.random.default_rng(0).normal(size=shape)
            return noise.astype(np.float32)

    blind = judge.figures(Blind())
    assert blind.cosine_mean < 0.5
    assert blind.auroc_int8 < same.auroc_before
    with pytest.raises(BackboneError, match="nothing was written"):
        check(blind, "vit")


def test_no_picture_serves_two_purposes() -> None:
    goods = plates(MOST + 30)
    split = Split.of([*goods, *goods[:50]], 0)
    names = [x for part in (split.calibration, split.bank, split.judges) for x, _ in part]
    assert len(names) == len(set(names)) == MOST
    assert len(split.calibration) == len(split.judges) == MOST // 4
    again, other = Split.of(goods, 0), Split.of(goods, 1)
    assert [x for x, _ in again.judges] == [x for x, _ in split.judges]
    assert [x for x, _ in other.judges] != [x for x, _ in split.judges]


def test_too_few_goods_are_refused() -> None:
    goods = plates(LEAST - 1)
    with pytest.raises(BackboneError, match=f"at least {LEAST} different.*got {LEAST - 1}"):
        Split.of([*goods, *goods], 0)


def test_goods_on_which_no_defect_shows_are_refused(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelError("nothing shows")

    monkeypatch.setattr("secondlook.training.judging.paint", fail)
    with pytest.raises(BackboneError, match="no defect shows"):
        Judge(torch_network(tiny("vit")), Split.of(plates(LEAST), 0), 0, lambda: None)


# what leaves the machine

WATCHED = """
import sys
seen = []
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request",
           "subprocess.Popen", "os.fork", "os.posix_spawn")
sys.addaudithook(lambda event, _: seen.append(event) if event in NETWORK else None)
"""


def watched(code: str, home: Path) -> list[str]:
    """What touched the network, or another process, while this ran; then what lies in HOME."""
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", f"{WATCHED}\n{code}\nprint(*seen, sep='\\n')"],
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout.split() + [str(x) for x in home.rglob("*")]


CODE = """
from pathlib import Path
import numpy as np
import secondlook
from secondlook.models.inspection import inspect_checkpoint
from secondlook_workflows.cli.app import build
build()
folder = Path({!r})
assert inspect_checkpoint(folder).uses
network = secondlook.load_backbone(folder)
loaded = [x for x in sys.modules if x.split(".")[0] in ("openvino", "nncf", "openvino_telemetry")]
assert not loaded, loaded
seen.clear()
from secondlook.training.int8.convert import convert, quantize
quantize(convert(network), [np.zeros((1, 3, 32, 32), np.float32)])
assert sys.modules["openvino_telemetry"] is None
"""


@needs_extra
def test_openvino_waits_until_it_is_needed_and_nothing_leaves_the_machine(
    tiny: Tiny, tmp_path: Path
) -> None:
    assert watched(CODE.format(str(tiny("vit"))), tmp_path / "home") == []


def test_telemetry_that_somebody_else_let_in_sends_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class TelemetrySender:
        def send(self, *_: object) -> None:
            raise AssertionError("sent")

    sender: Any = ModuleType("openvino_telemetry.utils.sender")
    sender.TelemetrySender = TelemetrySender
    for name in ("openvino_telemetry", "openvino_telemetry.utils"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, sender.__name__, sender)
    monkeypatch.setitem(sys.modules, "openvino", ModuleType("openvino"))
    openvino()
    TelemetrySender().send("backend", "message")
