"""Explanations on made tasks of which the truth is known: a spot, a sentence, a modality."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation
from transformers import ViTConfig, ViTModel

from lora_towers import VIT, tower
from secondlook import BackboneRef
from secondlook.errors import AdapterError, UsageError
from secondlook.evidence import AnomalyMap, CitedPassage, ModalityContribution
from secondlook.intake.passages import note
from secondlook.maps import decode_map
from secondlook.model_io import Query
from secondlook.models.answers import AnswersPart
from secondlook.models.case_vectors import passages_vector, picture_vectors
from secondlook.models.checkpoints import fingerprint
from secondlook.models.explain.evidence import as_evidence
from secondlook.models.explain.explain import explain_answer
from secondlook.models.explain.saliency import SaliencyMap, saliency
from secondlook.models.explain.sentences import sentence_drops, sentences
from secondlook.models.fusion.head import FusionHead
from secondlook.models.fusion.inputs import pooled
from secondlook.models.lora.targets import find_targets
from secondlook.models.lora.weights import LoraWeights, Pair
from secondlook.models.pictures import Preprocessing
from secondlook.models.recipe import Recipe
from secondlook.models.vision import PatchNetwork
from secondlook.training.crossval import CrossvalConfig, learn_head
from secondlook.training.heads import HeadConfig

Pixels = NDArray[np.uint8]
Tells = Literal["image", "text"]
CLASSES = ("other", "red")
SIDE = 64
TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "intermediate_size": 48,
    "image_size": SIDE,
    "initializer_range": 0.1,
}
CONFIG = CrossvalConfig(
    head=HeadConfig(hidden=16, epochs=40, batch=32, learning_rate=1e-2, dropout=0.0),
    kinds=("gated",),
    folds=3,
    ablations=False,
)
RECIPES = {
    "resnet": Recipe(levels=(1, 2, 3)),
    "vit": Recipe(levels=(1, 2)),
    "vit pooled": Recipe(),
}
OTHERS = ((60, 200, 60), (60, 60, 200))
RED = (220, 40, 40)
DECIDES = "A red mark is on the rim."
WORDS = BackboneRef(name="words", revision="1", fingerprint="e" * 64, trained=False)
FILLER = (
    "The part came on Monday.",
    "Its weight was noted by Dr. Lee.",
    "Nobody touched the box.",
    "The label is easy to read.",
    "Line four was slow today.",
    "Oil was seen below the press.",
    "Two shifts shared the tools.",
)


@dataclass
class Words:
    """A text backbone: which words a text has. Counts the texts it was asked for."""

    ref: BackboneRef = WORDS
    asked: int = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        known = sorted({w for x in (*FILLER, DECIDES) for w in x.lower().split()})
        rows = [[0.1 + x.lower().split().count(w) for w in known] for x in texts]
        counts = np.array(rows, np.float32).reshape(len(texts), len(known))
        unit: NDArray[np.float32] = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return unit


def spots(seed: int, red: bool) -> tuple[Pixels, NDArray[np.bool_]]:
    """Some spots on a rough ground, one of them red or none, and the mask of the red one."""
    random = np.random.default_rng(seed)
    picture = random.normal(128, 12, (SIDE, SIDE, 3))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    mask = np.zeros((SIDE, SIDE), bool)
    quarters = random.permutation(4)[: int(random.integers(2, 4)) + red]
    for number, quarter in enumerate(quarters.tolist()):
        y, x = 32 * np.array(divmod(quarter, 2)) + random.integers(9, 23, 2)
        spot = (rows - y) ** 2 + (columns - x) ** 2 <= 36
        first = red and number == 0
        picture[spot] += np.array(RED if first else OTHERS[int(random.integers(2))]) - 128
        mask |= spot & first
    return picture.clip(0, 255).astype(np.uint8), mask


def passage(seed: int, red: bool) -> str:
    random = np.random.default_rng(seed)
    chosen = [FILLER[i] for i in random.permutation(len(FILLER))[:4]]
    if red:
        chosen.insert(int(random.integers(5)), DECIDES)
    return " ".join(chosen)


@cache
def vision(family: str) -> PatchNetwork:
    if family == "resnet":
        model = tower(family)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = ViTModel(ViTConfig(**VIT | TINY)).eval().requires_grad_(False)
    ref = BackboneRef(name=family, revision="1", fingerprint=fingerprint(model), trained=False)
    return PatchNetwork(model, ref, Preprocessing(SIDE), (1, 2))


@cache
def lora(family: str) -> LoraWeights:
    """Weights that change what the tower says."""
    model, numbers = vision(family).image_tower.model, torch.Generator().manual_seed(1)
    fresh = LoraWeights.fresh(
        model,
        find_targets(model, 2),
        rank=2,
        alpha=4,
        last=2,
        backbone=vision(family).ref.fingerprint,
        seed=1,
    )
    pairs = {
        x: Pair(a, torch.randn(b.shape, generator=numbers)) for x, (a, b) in fresh.pairs.items()
    }
    return replace(fresh, pairs=pairs)


@cache
def learned(
    kind: str, adapted: bool = False, tells: Tells = "image", reads: str = "both"
) -> AnswersPart:
    """Answers whether there is red, to be read off the pictures, or off the passages, alone."""
    network, recipe, name = vision(kind.split()[0]), RECIPES[kind], f"{kind}-{adapted}"
    weights = lora(kind.split()[0]) if adapted else None
    if weights is not None:
        network.slots.bind(name, lambda: weights)
    labels = np.arange(160) % 2
    other = np.random.default_rng(0).permutation(labels)
    seen, told = (labels, other) if tells == "image" else (other, labels)
    images = [spots(i, bool(x))[0] for i, x in enumerate(seen)]
    rows = [picture_vectors(network, [x], recipe, name if adapted else None) for x in images]
    notes = [passages_vector(Words(), [passage(i, bool(x))]) for i, x in enumerate(told)]
    features = {"image": pooled(np.concatenate(rows)), "text": pooled(np.stack(notes))}
    features = {x: y for x, y in features.items() if reads in (x, "both")}
    head = learn_head(features, labels.astype(np.int64), classes=CLASSES, config=CONFIG)
    assert (head.metrics["accuracy"] or 0) > 0.9  # else there is nothing to explain
    fingerprints = {"image": network.ref.fingerprint, "text": WORDS.fingerprint}
    return AnswersPart(
        head=head.head.requires_grad_(False),
        calibration=head.calibration,
        recipe=recipe,
        backbones={x: fingerprints[x] for x in features},
        familiarity={},
        lora=weights,
        name=name,
    )


def pointed(found: SaliencyMap, mask: NDArray[np.bool_]) -> bool:
    """Whether the highest place lies on the mask, or within a place of the grid of it."""
    large = np.asarray(
        Image.fromarray(found.values).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    )
    near = binary_dilation(mask, iterations=4)
    return bool(near[np.unravel_index(large.argmax(), large.shape)])


def hits(part: AnswersPart, network: PatchNetwork, count: int = 20) -> float:
    """The pointing game on new pictures."""
    cases = [spots(1000 + i, red=True) for i in range(count)]
    maps = [saliency(part, network, None, [x], [], "red")[0] for x, _ in cases]
    return float(np.mean([pointed(x, y) for x, (_, y) in zip(maps, cases, strict=True)]))


@pytest.mark.parametrize(
    ("kind", "adapted"),
    [("resnet", False), ("resnet", True), ("vit", False), ("vit", True), ("vit pooled", False)],
)
def test_the_map_is_highest_where_the_label_comes_from(kind: str, adapted: bool) -> None:
    part, network = learned(kind, adapted, reads="image"), vision(kind.split()[0])
    assert hits(part, network) >= 0.9


def test_a_head_that_learned_nothing_points_anywhere() -> None:
    """Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, arXiv 1810.03292."""
    part, network = learned("vit", reads="image"), vision("vit")
    shares = []
    for seed in range(16):
        torch.manual_seed(seed)
        head = FusionHead(part.head.config).eval()
        head.scales.load_state_dict(part.head.scales.state_dict())
        shares.append(hits(replace(part, head=head.requires_grad_(False)), network, 6))
    assert np.mean(shares) < 0.5  # one of three or four spots is meant


def test_a_map_is_plain_numbers_and_leaves_nothing_behind() -> None:
    part, network = learned("vit", True, reads="image"), vision("vit")
    picture = spots(1, red=True)[0]
    before = network.image_features([picture]).pooled
    weights = [*network.image_tower.parameters(), *part.head.parameters()]
    asking = [x.requires_grad for x in weights]
    part.head.zero_grad()  # what learning left
    with torch.inference_mode():
        (found,) = saliency(part, network, None, [picture], [], "red")
    assert found.values.shape == (8, 8) and found.values.dtype == np.float32
    assert found.values.min() >= 0 and found.values.max() == 1 and found.scale > 0
    assert all(x.grad is None for x in weights)
    assert [x.requires_grad for x in weights] == asking
    assert torch.equal(before, network.image_features([picture]).pooled)  # no adapter stayed


def test_threads_with_different_adapters_get_their_own_maps() -> None:
    network = vision("vit")
    parts = [learned("vit", x, reads="image") for x in (True, False)] * 4
    picture = spots(2, red=True)[0]

    def ask(part: AnswersPart) -> NDArray[np.float32]:
        return saliency(part, network, None, [picture], [], "red")[0].values

    alone = [ask(x) for x in parts[:2]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, parts))
    assert np.abs(alone[0] - alone[1]).max() > 0.01
    assert all(np.allclose(x, alone[i % 2], atol=1e-5) for i, x in enumerate(together))


def test_of_many_pictures_those_are_explained_that_say_most() -> None:
    part, network = learned("vit", reads="image"), vision("vit")
    pictures = [spots(50 + i, red=i in (1, 4))[0] for i in range(6)]
    found = saliency(part, network, None, pictures, [], "red", most=2)
    assert [x.picture for x in found] == [1, 4]
    assert len(saliency(part, network, None, pictures, [], "red")) == 4


@pytest.mark.parametrize("kind", ["resnet", "vit"])
def test_a_picture_without_anything_in_it_has_an_empty_map(kind: str) -> None:
    part, network = learned(kind, reads="image"), vision(kind)
    flat = np.full((SIDE, SIDE, 3), 90, np.uint8)
    (found,) = saliency(part, network, None, [flat], [], "red")
    assert np.isfinite(found.values).all() and found.scale < 1e-4


def test_the_sentence_that_decides_comes_first() -> None:
    part, network = learned("vit", tells="text"), vision("vit")
    first = []
    for seed in range(20):
        passages = [passage(900 + seed, red=False), passage(seed, red=True)]
        picture = spots(seed, red=False)[0]
        found = sentence_drops(part, network, Words(), [picture], passages, "red")
        best = found.sentences[0]
        assert passages[best.passage][best.start : best.end] == best.text
        assert len(found.sentences) == 9 and not found.untried
        first.append(best.text == DECIDES and best.drop > 0)
    assert np.mean(first) >= 0.9


def test_a_drop_is_what_the_answer_loses() -> None:
    part, network, words = learned("vit", tells="text"), vision("vit"), Words()
    picture, notes = spots(3, red=False)[0], [f"{FILLER[0]} {DECIDES}", FILLER[2]]
    found = {
        x.text: x.drop
        for x in sentence_drops(part, network, words, [picture], notes, "red").sentences
    }

    def probability(*passages: str) -> float:
        return part.answer(network, words, [picture], passages).probabilities["red"]

    whole = probability(*notes)
    assert found[DECIDES] == pytest.approx(whole - probability(FILLER[0], FILLER[2]), abs=1e-5)
    assert found[FILLER[2]] == pytest.approx(whole - probability(notes[0]), abs=1e-5)
    alone = sentence_drops(part, network, words, [picture], [DECIDES], "red").sentences
    assert alone[0].drop == pytest.approx(probability(DECIDES) - probability(), abs=1e-5)


def test_the_number_of_sentences_is_bounded_and_the_weighty_passage_goes_first() -> None:
    part, network, words = learned("vit", tells="text"), vision("vit"), Words()
    passages = [passage(8, red=False), passage(9, red=False), passage(1, red=True)]
    found = sentence_drops(part, network, words, [], passages, "red", most=5)
    assert [x.passage for x in found.sentences] == [2] * 5 and found.untried == 8
    assert words.asked == 3 + 5


def test_sentences_are_found_with_their_places() -> None:
    text = "1. Seals\n\nSee Fig. 3 of it. The seal\nis worn!  Replace it"
    assert [text[a:b] for a, b in sentences(text)] == [
        "1. Seals",
        "See Fig. 3 of it.",
        "The seal\nis worn!",
        "Replace it",
    ]
    assert sentences("") == sentences(" \n ") == []


@pytest.mark.parametrize("tells", ["image", "text"])
def test_a_modality_that_says_nothing_contributes_nothing(tells: Tells) -> None:
    part, network = learned("vit", tells=tells), vision("vit")
    shares: dict[str, list[float]] = {"image": [], "text": []}
    for seed in range(700, 706):
        picture, text = spots(seed, tells == "image")[0], passage(seed, tells == "text")
        found = explain_answer(part, network, Words(), [picture], [text], "red")
        for name, share in found.contributions.items():
            shares[name].append(abs(share))
    other = "text" if tells == "image" else "image"
    assert np.mean(shares[tells]) > 0.3 and np.mean(shares[other]) < 0.1


def test_an_absent_modality_is_left_out() -> None:
    part, network, words = learned("vit"), vision("vit"), Words()
    picture = spots(5, red=True)[0]
    seen = explain_answer(part, network, words, [picture], [], "red")
    assert len(seen.maps) == 1 and not seen.sentences.sentences
    assert set(seen.contributions) == {"image"}
    read = explain_answer(part, None, words, [], [DECIDES], "red")
    assert not read.maps and len(read.sentences.sentences) == 1
    assert set(read.contributions) == {"text"}
    nothing = explain_answer(part, None, None, [], [], "red")
    assert not nothing.maps and not nothing.contributions
    blank = explain_answer(part, None, words, [], [" "], "red")
    assert not blank.sentences.sentences


def test_what_cannot_be_explained_is_refused() -> None:
    part, network = learned("vit"), vision("vit")
    picture = spots(5, red=True)[0]
    with pytest.raises(UsageError, match="label 'blue': the adapter answers for other, red"):
        explain_answer(part, network, Words(), [picture], [], "blue")
    with pytest.raises(AdapterError, match="image backbone"):
        saliency(part, vision("resnet"), Words(), [picture], [], "red")
    with pytest.raises(AdapterError, match="text backbone .* got none"):
        sentence_drops(part, None, None, [], [DECIDES], "red")


def test_an_explanation_becomes_evidence() -> None:
    part, network = learned("vit", tells="text"), vision("vit")
    record = note(f"Report\n\n{FILLER[0]} {DECIDES}", kind="note", name="report.txt")
    picture, passages = spots(5, red=True)[0], [x.text for x in record.passages]
    found = explain_answer(part, network, Words(), [picture], passages, "red")
    kept: list[bytes] = []
    evidence = as_evidence(
        found,
        attachments=["a" * 64],
        places=[(record, x) for x in record.passages],
        query=Query(label="red", text="a red mark"),
        text=Words(),
        keep=lambda x: kept.append(x) or "b" * 64,  # type: ignore[func-returns-value]
    )
    cited = [x for x in evidence if isinstance(x, CitedPassage)]
    assert cited[0].text == DECIDES == record.text[cited[0].start : cited[0].end]
    assert (cited[0].record, cited[0].line) == (record.sha256, 3)
    (stored,) = (x for x in evidence if isinstance(x, AnomalyMap))
    shown = decode_map(kept[0], stored)
    assert np.allclose(shown, found.maps[0].values * found.maps[0].scale, atol=stored.high / 200)
    shares = {x.modality: x.share for x in evidence if isinstance(x, ModalityContribution)}
    assert shares == dict(found.contributions)
