"""Exact search equals brute force however the vectors are cut; labels read off by their words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from secondlook.domain import Label, Taxonomy
from secondlook.errors import ModelError
from secondlook.models.backbones import load_vision
from secondlook.models.dual import DualBackbone
from secondlook.models.search import nearest
from secondlook.models.zero_shot import PROMPTS, label_vectors, prompts_of, zero_shot
from tiny_checkpoints import Tiny

Matrix = NDArray[np.float32]
TAXONOMY = Taxonomy(
    labels=(
        Label(code="scratch", title="Scratch", description="a scratch left of the rim"),
        Label(code="crack", title="Crack", description="a crack of the weld"),
        Label(code="lung", title="Left lung", description=""),
    )
)


@dataclass(frozen=True)
class Some:
    """A chunk."""

    keys: Sequence[int]
    vectors: Matrix


def unit(seed: int, rows: int, size: int, *, steps: int = 0) -> Matrix:
    """Unit vectors; few `steps` give many equal ones."""
    random = np.random.default_rng(seed)
    raw = (
        random.integers(-steps, steps + 1, (rows, size))
        if steps
        else random.normal(size=(rows, size))
    )
    raw = raw + (np.abs(raw).sum(axis=1, keepdims=True) == 0)
    vectors: Matrix = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def cut(keys: Sequence[int], vectors: Matrix, chunk: int) -> list[Some]:
    """The same vectors in chunks."""
    starts = range(0, len(keys), chunk)
    return [Some(keys[i : i + chunk], vectors[i : i + chunk]) for i in starts]


def brute(
    queries: Matrix, keys: Sequence[int], vectors: Matrix, count: int, groups: int
) -> list[int]:
    """The plain way: all similarities, one sort, the first of each group."""
    similarity = np.max([np.vecdot(vectors, x) for x in queries], axis=0)
    order = sorted(range(len(keys)), key=lambda i: (-similarity[i], keys[i]))
    found: dict[int, int] = {}
    for i in order:
        found.setdefault(keys[i] % groups, keys[i])
    return list(found.values())[:count]


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(0, 60),
    size=st.integers(1, 40),
    chunk=st.integers(1, 70),
    count=st.integers(1, 70),
    queries=st.integers(1, 3),
    steps=st.integers(0, 2),
    groups=st.sampled_from([1, 3, 1000]),
)
def test_it_finds_what_brute_force_finds(
    seed: int, rows: int, size: int, chunk: int, count: int, queries: int, steps: int, groups: int
) -> None:
    keys = [int(x) for x in np.random.default_rng(seed).permutation(rows)]
    vectors, asked = unit(seed, rows, size, steps=steps), unit(seed + 1, queries, size, steps=steps)
    found = nearest(asked, cut(keys, vectors, chunk), count, group=lambda key: key % groups)
    assert [x.key for x in found] == brute(asked, keys, vectors, count, groups)


@pytest.mark.parametrize("chunk", [1, 2, 7, 16, 64, 1000])
def test_equal_vectors_come_by_key_wherever_a_chunk_ends(chunk: int) -> None:
    vectors = np.repeat(unit(3, 1, 384), 64, axis=0)
    keys = list(range(64))[::-1]
    found = nearest(unit(4, 1, 384), cut(keys, vectors, chunk), 5)
    assert [x.key for x in found] == [0, 1, 2, 3, 4]
    assert len({x.similarity for x in found}) == 1


def test_a_vector_is_most_similar_to_itself() -> None:
    vectors = unit(1, 500, 64)
    (found,) = nearest(vectors[123:124], cut(range(500), vectors, 100), 1)
    assert (found.key, found.similarity) == (123, pytest.approx(1, abs=1e-6))
    assert found.similarity <= 1


def test_no_vectors_give_no_neighbours() -> None:
    assert nearest(unit(1, 1, 4), [], 3) == ()


def test_queries_of_another_backbone_are_refused() -> None:
    with pytest.raises(ModelError, match=r"\(1, 4\).*\(4, 5\).*another backbone"):
        nearest(unit(1, 1, 4), cut(range(9), unit(1, 9, 5), 4), 3)
    with pytest.raises(ModelError, match="the 0 nearest"):
        nearest(unit(1, 1, 5), cut(range(9), unit(1, 9, 5), 4), 0)


def dual(tiny: Tiny, kind: str) -> DualBackbone:
    backbone = load_vision(tiny(kind))
    assert isinstance(backbone, DualBackbone)
    return backbone


def pictures(count: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(7)
    return [random.integers(0, 255, (40, 40, 3), dtype=np.uint8) for _ in range(count)]


def test_labels_are_read_off_by_their_words(tiny: Tiny) -> None:
    pair = dual(tiny, "clip")
    shares = zero_shot(pair, TAXONOMY, pictures(2))
    assert shares.shape == (2, 3)
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    prompts = pair.embed(prompts_of(TAXONOMY.labels[1]))
    mean = prompts.mean(axis=0) / np.linalg.norm(prompts.mean(axis=0))
    assert label_vectors(pair, TAXONOMY)[1] == pytest.approx(mean, abs=1e-5)
    logits = pair.embed_images(pictures(2)) @ label_vectors(pair, TAXONOMY).T * pair.logit_scale
    assert (shares.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_a_pair_with_a_bias_judges_each_label_alone(tiny: Tiny) -> None:
    pair = dual(tiny, "siglip")
    pair.logit_bias = -1.0
    all_labels = zero_shot(pair, TAXONOMY, pictures(2))
    one = zero_shot(pair, Taxonomy(labels=TAXONOMY.labels[:1]), pictures(2))
    assert all_labels[:, :1] == pytest.approx(one, abs=1e-5)
    assert ((all_labels > 0) & (all_labels < 1)).all()


def test_no_pictures_give_no_rows(tiny: Tiny) -> None:
    assert zero_shot(dual(tiny, "clip"), TAXONOMY, []).shape == (0, 3)


def test_a_pair_without_a_shared_space_is_refused(tiny: Tiny) -> None:
    pair = dual(tiny, "clip")
    pair.aligned = False
    with pytest.raises(ModelError, match="has no shared space.*CLIP"):
        zero_shot(pair, TAXONOMY, pictures(1))


def test_a_taxonomy_without_labels_is_refused(tiny: Tiny) -> None:
    with pytest.raises(ModelError, match="without labels"):
        zero_shot(dual(tiny, "clip"), Taxonomy(labels=()), pictures(1))


def test_prompts_use_title_and_description() -> None:
    crack, lung = prompts_of(TAXONOMY.labels[1]), prompts_of(TAXONOMY.labels[2])
    assert len(crack) == len(PROMPTS)
    assert {"crack", "a picture of crack", "a crack of the weld"} <= set(crack)
    assert lung[-1] == "left lung"
    abbreviated = Label(code="x", title="CT sign", description="{odd}")
    assert prompts_of(abbreviated)[0] == "CT sign"
    assert prompts_of(abbreviated)[-1] == "{odd}"
