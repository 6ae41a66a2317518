"""What a case looks most like, and adapters that know which texts go with which pictures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from secondlook import ImageInput, ModelInputs, Query
from secondlook.errors import AdapterError, ModelError
from secondlook.models.adapter_card import AdapterCard, AlignmentCard
from secondlook.models.adapters import Adapter, preprocessing_of
from secondlook.models.alignment import AlignmentPart, ResidualMap, fingerprints
from secondlook.models.backbones import load_vision, untrained_vision
from secondlook.models.dual import DualBackbone
from secondlook.models.forward import forward, look_at
from secondlook.models.resembling import Resembling
from secondlook.models.zero_shot import label_vectors
from tiny_checkpoints import Tiny

WORDS = ("crack", "scratch", "weld", "rim")
FORM = "{label} of a photo"
QUERIES = tuple(Query(label=x, text=f"{x} photo", title=x.capitalize()) for x in WORDS)
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def dual(tiny: Tiny) -> DualBackbone:
    return pair(tiny, "clip")


@pytest.fixture(scope="module")
def part(dual: DualBackbone) -> AlignmentPart:
    return moved(dual)


def pair(tiny: Tiny, kind: str) -> DualBackbone:
    backbone = load_vision(tiny(kind))
    assert isinstance(backbone, DualBackbone)
    return backbone


def moved(dual: DualBackbone) -> AlignmentPart:
    """An alignment that nobody learned, and that changes the space."""
    size = dual.image_tower.pooled_size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        maps = [ResidualMap(size, size, 3) for _ in range(2)]
        for own in maps:
            torch.nn.init.normal_(own.up, std=0.1)
    return AlignmentPart(
        image_map=maps[0], text_map=maps[1], scale=20.0, backbones=fingerprints(dual)
    )


def adapter(dual: DualBackbone, part: AlignmentPart, prompt: str | None = FORM) -> Adapter:
    alignment = AlignmentCard(
        text_backbone=dual.text.ref,
        prompt=prompt,
        counts=dict.fromkeys(WORDS, 2),
        pairs=8,
        groups=8,
        reason="it was better",
        data_sha256="0" * 64,
        seed=0,
    )
    card = AdapterCard(
        id="parts/1",
        domain="parts",
        product=None,
        version=1,
        vision="pair",
        backbone=dual.ref,
        preprocessing=preprocessing_of(dual),
        alignment=alignment,
        created_at=datetime.now(UTC),
        code_version="0",
    )
    return Adapter(card=card, alignment=part)


def pictures(count: int) -> list[Pixels]:
    """Each of another colour."""
    colours = np.random.default_rng(2).integers(0, 255, (count, 3))
    return [np.full((32, 32, 3), x, dtype=np.uint8) for x in colours]


def test_shares_are_a_softmax_over_the_words(dual: DualBackbone, part: AlignmentPart) -> None:
    shares = Resembling(part, None).shares(dual, pictures(1), QUERIES)
    texts = part.text(dual.embed([x.text for x in QUERIES]))
    logits = part.scale * part.image(part.read(dual, pictures(1))) @ texts.T
    powers = np.exp(logits[0] - logits[0].max())
    assert list(shares) == list(WORDS)
    assert list(shares.values()) == pytest.approx((powers / powers.sum()).tolist(), abs=1e-5)


def test_a_prompt_is_filled_with_titles(dual: DualBackbone, part: AlignmentPart) -> None:
    by_form = Resembling(part, FORM, WORDS).shares(dual, pictures(1), QUERIES)
    prompts = [f"{x} of a photo" for x in WORDS]
    words = label_vectors(dual, prompts, prompts=("{title}",), alignment=part)
    logits = part.scale * part.image(part.read(dual, pictures(1))) @ words.T
    assert max(by_form, key=lambda x: by_form[x]) == WORDS[int(logits.argmax())]
    assert by_form != Resembling(part, None).shares(dual, pictures(1), QUERIES)
    untitled = [replace(x, title="", text=x.label) for x in QUERIES]
    again = Resembling(part, FORM, WORDS).shares(dual, pictures(1), untitled)
    assert again == pytest.approx(by_form, abs=1e-5)
    known = Resembling(part, FORM, ("rim", "crack")).shares(dual, pictures(1), QUERIES)
    assert list(known) == ["crack", "rim"]  # no other was put into that form
    assert known["crack"] / known["rim"] == pytest.approx(by_form["crack"] / by_form["rim"])


def test_a_case_is_one_question_whatever_its_pictures(
    dual: DualBackbone, part: AlignmentPart
) -> None:
    own = Resembling(part, None)
    one, several = (own.shares(dual, pictures(x), QUERIES) for x in (1, 5))
    assert sum(several.values()) == pytest.approx(1, abs=1e-5)
    assert several != one
    assert own.shares(dual, pictures(1) * 4, QUERIES) == pytest.approx(one, abs=1e-5)
    assert own.shares(dual, pictures(1), [*QUERIES, replace(QUERIES[0], text="no")]) == one
    assert own.shares(dual, [], QUERIES) == {}
    assert own.shares(dual, pictures(1), QUERIES[:1]) == {}


def test_words_are_read_once(
    dual: DualBackbone, part: AlignmentPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Sequence[str]] = []
    embed = dual.embed
    monkeypatch.setattr(dual, "embed", lambda texts: seen.append(texts) or embed(texts))
    own = adapter(dual, part)
    for _ in range(3):
        assert own.resembling is not None
        own.resembling.shares(dual, pictures(1), QUERIES)
    assert len(seen) == 1
    own.resembling.shares(dual, pictures(1), QUERIES[:2])
    assert len(seen) == 2


def test_labels_with_the_same_words_are_refused(dual: DualBackbone, part: AlignmentPart) -> None:
    same = [Query(label=x, text="a rim", title="rim") for x in ("one", "two")]
    with pytest.raises(ModelError, match="the same words"):
        Resembling(part, None).shares(dual, pictures(1), same)


def test_the_engine_is_told_what_a_case_resembles(dual: DualBackbone, part: AlignmentPart) -> None:
    images = tuple(ImageInput(attachment=str(i), pixels=x) for i, x in enumerate(pictures(2)))
    inputs = ModelInputs(images=images, queries=QUERIES)
    outputs = forward(inputs, vision=dual, text=None, adapter=adapter(dual, part))
    assert outputs.resembles == Resembling(part, FORM, WORDS).shares(dual, pictures(2), QUERIES)
    assert (outputs.images, outputs.answers, outputs.backbones) == ((), None, (dual.ref,))
    assert forward(inputs, vision=None, text=None, adapter=None).resembles == {}
    free = adapter(dual, part, prompt=None)  # from free notes: good to search, not to name
    assert forward(inputs, vision=dual, text=None, adapter=free).resembles == {}
    numbers = look_at(free, dual, None, pictures(1)[0], "a note")
    assert (numbers**2).sum() == pytest.approx(2, abs=1e-4)  # two vectors of unit length


def test_another_text_half_is_refused(dual: DualBackbone, part: AlignmentPart, tiny: Tiny) -> None:
    other = replace(part, backbones={**part.backbones, "text": "0" * 64})
    with pytest.raises(AdapterError, match="learned with the text backbone 000000000000"):
        adapter(dual, other).check(dual)
    adapter(dual, part).check(dual)
    alone = load_vision(tiny("vit"))
    card = adapter(dual, part).card
    update = {"backbone": alone.ref, "preprocessing": preprocessing_of(alone)}
    with pytest.raises(AdapterError, match="reads pictures and no texts"):
        Adapter(card=card.model_copy(update=update), alignment=part).check(alone)


def test_the_folder_keeps_it_and_refuses_another_card(
    dual: DualBackbone, part: AlignmentPart, tmp_path: Path
) -> None:
    sha256 = adapter(dual, part, FORM).save(tmp_path / "it")
    back = Adapter.load(tmp_path / "it", backbone_fingerprint=dual.ref.fingerprint, sha256=sha256)
    assert (back.card.mode, back.alignment is not None) == ("alignment", True)
    assert back.resembling is not None
    before = adapter(dual, part, FORM).resembling
    assert before is not None
    assert back.resembling.shares(dual, pictures(2), QUERIES) == before.shares(
        dual, pictures(2), QUERIES
    )
    assert sorted(back.card.files) == [
        "alignment/alignment.json",
        "alignment/alignment.safetensors",
    ]
    with pytest.raises(AdapterError, match="has no threshold"):
        _ = back.threshold


def test_a_card_names_what_there_is(dual: DualBackbone, part: AlignmentPart) -> None:
    card = adapter(dual, part).card
    with pytest.raises(AdapterError, match="names other parts"):
        Adapter(card=card)
    with pytest.raises(ValidationError, match="this one none of them"):
        AdapterCard.model_validate(card.model_dump() | {"alignment": None})


def test_it_is_taken_over_where_it_fits(dual: DualBackbone, part: AlignmentPart) -> None:
    earlier = adapter(dual, part)
    # What else they are does not matter here.
    answers: Any = SimpleNamespace(backbones={}, thresholds=None)
    mine = replace_parts(earlier, answers=answers)
    joined = mine.taking(earlier)
    assert (joined.alignment, joined.answers) == (part, answers)
    assert joined.card.carried == earlier.id
    assert joined.card.mode == "labelled+alignment"
    assert earlier.taking(joined).answers is answers
    assert joined.taking(earlier) is joined
    elsewhere = untrained_vision().ref
    moved_on = replace(mine, card=mine.card.model_copy(update={"backbone": elsewhere}))
    assert moved_on.taking(earlier) is moved_on


def replace_parts(given: Adapter, *, answers: Any) -> Adapter:
    """One with answers alone."""
    card = given.card.model_copy(update={"id": "parts/2", "alignment": None, "answers": answers})
    return Adapter(card=card, answers=answers)
