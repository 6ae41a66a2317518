"""learn --align: from cases with texts to an adapter, and what search and first looks make of it."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from coloured_plates import (
    LABELS,
    NOTES,
    OWN_LABELS,
    PROMPT,
    coloured,
    label_of,
    note_of,
    nothing,
    write_pairs,
)
from plates import MANUAL, plate
from secondlook.assessments import Assessment
from secondlook.errors import AdapterError, ModelError, UsageError
from secondlook.models.adapter_archive import pack, unpack
from secondlook.models.adapter_card import AdapterCard
from secondlook.models.adapter_files import write_folder
from secondlook.models.adapters import Adapter
from secondlook.models.alignment import CARD, pair_in
from secondlook.models.gate import Gate
from secondlook.store.worklist import WorklistFilter
from secondlook.workspace import default_home
from secondlook_workflows import (
    adapters,
    assess,
    decide,
    embed,
    ingest,
    learn,
    learn_pairs,
    search,
)
from secondlook_workflows.adapter_import import ImportConfig, import_
from secondlook_workflows.captions import LETTERS, captions
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.learning import LearnConfig
from secondlook_workflows.manifest_cases import from_manifest
from secondlook_workflows.stored_adapters import load_adapter
from tiny_checkpoints import Tiny

INSPECTOR, RADIOLOGY = "defect-inspector", "radiology-assistant"


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    """Fewer and longer steps than usual."""
    usual = learn_pairs._settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            learn_pairs,
            "_settings",
            lambda task: replace(usual(task), epochs=40, patience=10, rate=3e-3),
        )
        yield


def workspace(home: Path, empty_home: Path, tiny: Tiny, further: str = "") -> Context:
    """A workspace over a tiny pair that nobody trained."""
    shutil.copytree(empty_home, home)
    names = f"vision_backbone = '{tiny('clip')}'\ntext_backbone = '{tiny('bert')}'\n"
    (home / "secondlook.toml").write_text(names + further)
    return open_context(home)


@pytest.fixture
def context(empty_home: Path, tiny: Tiny) -> Iterator[Context]:
    context = workspace(default_home(), empty_home, tiny)
    yield context
    context.workspace.database.dispose()


@dataclass(frozen=True)
class Noted:
    """A workspace with an adapter that was learned from notes."""

    context: Context
    report: learn.LearnReport

    @property
    def adapter(self) -> Adapter:
        with self.context.workspace.database.read() as unit:
            return load_adapter(unit.adapters.get(self.report.adapter), self.context)


@pytest.fixture(scope="module")
def noted(
    empty_home: Path, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Noted]:
    place = tmp_path_factory.mktemp("noted")
    context = workspace(place / "home", empty_home, tiny)
    manifest = write_pairs(place / "plates")
    yield Noted(context, learn.run(aligned(manifest), context))
    context.workspace.database.dispose()


def aligned(source: Path | None, **further: Any) -> LearnConfig:
    config = LearnConfig(domain=INSPECTOR, manifest=source, align=True, product="plate")
    return replace(config, **further)


def numbers(adapter: Adapter, context: Context) -> NDArray[np.float32]:
    """Cosines of four new plates with the notes, as the adapter sees them."""
    dual = pair_in(context.runtime.vision(adapter.vision))
    part = adapter.alignment
    assert part is not None
    images = [np.asarray(coloured(x, 900 + x)) for x in range(4)]
    cosines: NDArray[np.float32] = (
        part.image(part.read(dual, images)) @ part.text(dual.embed(NOTES)).T
    )
    return cosines


def stored(folder: Path, context: Context, **records: Path) -> None:
    config = ingest.IngestConfig(
        domain=INSPECTOR, sources=(folder,), records=tuple(records.values()), product="plate"
    )
    ingest.run(config, context)


def test_notes_make_an_adapter_that_reads_back_the_same(noted: Noted) -> None:
    report, adapter = noted.report, noted.adapter
    assert (report.mode, report.state) == ("pairs", "champion")
    assert (report.metrics["image_to_text_r_at_1"] or 0) > 0.8
    assert (report.metrics["frozen_image_to_text_r_at_1"] or 1) < 0.7
    assert report.notes[0].endswith("the alignment is kept")
    card = adapter.card.alignment
    assert card is not None
    assert (adapter.card.mode, card.pairs, card.groups, card.prompt) == ("alignment", 32, 32, None)
    assert card.text_backbone.fingerprint == adapter.backbone.fingerprint
    assert card.learned["image_to_text"]["r_at_1"] == report.metrics["image_to_text_r_at_1"]
    assert numbers(adapter, noted.context).argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert (numbers(noted.adapter, noted.context) == numbers(adapter, noted.context)).all()


def test_the_same_seed_learns_the_same_and_damage_is_told(
    noted: Noted, context: Context, tmp_path: Path
) -> None:
    report = learn.run(aligned(write_pairs(tmp_path / "plates")), context)
    again = Noted(context, report)
    assert report.metrics == noted.report.metrics
    assert (numbers(again.adapter, context) == numbers(noted.adapter, noted.context)).all()
    assert again.adapter.card.alignment == noted.adapter.card.alignment
    stored(tmp_path / "plates" / "000.png", context)
    (context.workspace.adapters / report.adapter / "alignment" / CARD).write_text("{}")
    config = search.SearchConfig(text="crack", domain=INSPECTOR, product="plate")
    found = search.run(config, context)
    assert len(found.hits) == 1
    assert any("compared without adapter" in x and "damaged" in x for x in found.notes)


def test_an_export_reads_the_same_elsewhere(noted: Noted, context: Context, tmp_path: Path) -> None:
    out = adapters.export(noted.report.adapter, tmp_path / "it.zip", noted.context)
    report = import_(ImportConfig(file=Path(out.out)), context)
    assert report.state == "challenger"
    with context.workspace.database.read() as unit:
        adapter = load_adapter(unit.adapters.get(report.adapter), context)
    assert (numbers(adapter, context) == numbers(noted.adapter, noted.context)).all()
    assert import_(ImportConfig(file=Path(out.out)), context).added is False


def other_texts(folder: Path, card: AdapterCard) -> AdapterCard:
    """As if the texts had been read by another backbone."""
    assert card.alignment is not None
    file = folder / "alignment" / CARD
    plain = json.loads(file.read_text())
    plain["backbones"]["text"] = "0" * 64
    file.write_text(json.dumps(plain))
    ref = replace(card.alignment.text_backbone, fingerprint="0" * 64)
    alignment = card.alignment.model_copy(update={"text_backbone": ref})
    return card.model_copy(update={"alignment": alignment})


def other_card(folder: Path, card: AdapterCard) -> AdapterCard:
    changed = other_texts(folder, card)
    return changed.model_copy(update={"alignment": card.alignment})


def cut_off(folder: Path, card: AdapterCard) -> AdapterCard:
    (folder / "alignment" / "alignment.safetensors").write_bytes(b"cut")
    return card


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_texts, "the alignment was learned with the text backbone 000000000000"),
        (other_card, "the card and the alignment name other text backbones"),
        (cut_off, r"is damaged: alignment\.safetensors"),
    ],
)
def test_an_import_that_fits_no_text_backbone_is_refused(
    noted: Noted,
    context: Context,
    tmp_path: Path,
    change: Callable[[Path, AdapterCard], AdapterCard],
    words: str,
) -> None:
    out = adapters.export(noted.report.adapter, tmp_path / "it.zip", noted.context)
    card = unpack(Path(out.out), tmp_path / "was")

    def write(folder: Path) -> AdapterCard:
        (tmp_path / "was" / "alignment").rename(folder / "alignment")
        return change(folder, card)

    write_folder(tmp_path / "is", write)
    pack(tmp_path / "is", tmp_path / "remade.zip")
    with pytest.raises(AdapterError, match=words):
        import_(ImportConfig(file=tmp_path / "remade.zip"), context)
    assert list(context.workspace.adapters.iterdir()) == []


def test_words_find_pictures_in_the_learned_space(noted: Noted, tmp_path: Path) -> None:
    context = noted.context
    folder = tmp_path / "new"
    folder.mkdir()
    for kind in range(4):
        coloured(kind, 800 + kind).save(folder / f"{kind}.png")
    stored(folder, context)
    first = []
    for note in NOTES:
        config = search.SearchConfig(text=note, domain=INSPECTOR, product="plate")
        report = search.run(config, context)
        first.append(report.hits[0].title)
        assert any(noted.report.adapter in x for x in report.notes)
    assert sum(x == f"{kind}.png" for kind, x in enumerate(first)) >= 3
    dual = context.runtime.dual(context.workspace.settings.vision_backbone)
    with context.workspace.database.read() as unit:
        (chunk,) = unit.embeddings.images.matrix(embed.image_space(dual))
    part, frozen = noted.adapter.alignment, dual.embed([NOTES[0]])
    assert part is not None
    own = (part.image(chunk.vectors) @ part.text(frozen)[0]).tolist()
    config = search.SearchConfig(text=NOTES[0], domain=INSPECTOR, product="plate")
    report = search.run(config, context)
    assert [x.similarity for x in report.hits] == pytest.approx(sorted(own, reverse=True), abs=1e-5)
    plain = (chunk.vectors @ frozen[0]).tolist()
    for elsewhere in ({}, {"domain": INSPECTOR}):
        report = search.run(search.SearchConfig(text=NOTES[0], **elsewhere), context)
        got = [x.similarity for x in report.hits]
        assert got == pytest.approx(sorted(plain, reverse=True), abs=1e-5)
        assert not any(noted.report.adapter in x for x in report.notes)


def test_search_goes_on_without_an_alignment_of_another_backbone(
    noted: Noted, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECONDLOOK_VISION_BACKBONE", str(tiny("siglip")))
    context = open_context(noted.context.workspace.home)
    config = search.SearchConfig(text="crack", domain=INSPECTOR, product="plate")
    assert any("another backbone" in x for x in search.run(config, context).notes)
    context.workspace.database.dispose()


def test_search_goes_on_without_an_alignment_of_another_precision(
    noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECONDLOOK_PRECISION", "bfloat16")
    context = open_context(noted.context.workspace.home)
    config = search.SearchConfig(text="crack", domain=INSPECTOR, product="plate")
    (note,) = [x for x in search.run(config, context).notes if noted.report.adapter in x]
    assert "compared without adapter" in note
    assert "bfloat16" in note
    context.workspace.database.dispose()


@pytest.fixture(scope="module")
def labelled(
    empty_home: Path, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Noted]:
    """Learned from labels in a form, beside goods that are grey."""
    place = tmp_path_factory.mktemp("labelled")
    context = workspace(place / "home", empty_home, tiny, OWN_LABELS)
    goods = place / "goods"
    goods.mkdir()
    for seed in range(12):
        plate(seed).save(goods / f"{seed}.png")
    learn.run(LearnConfig(domain=INSPECTOR, goods=goods, product="plate", minutes=0), context)
    manifest = write_pairs(place / "plates", note=nothing, label=label_of)
    report = learn.run(aligned(manifest, prompt=PROMPT), context)
    adapters.promote(report.adapter, context)
    yield Noted(context, report)
    context.workspace.database.dispose()


def looks(context: Context) -> dict[str, Assessment]:
    assess.run(assess.AssessConfig(), context)
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(), limit=100).rows
        found = {row.title: unit.assessments.latest(row.id) for row in rows}
    return {title: look for title, look in found.items() if look is not None}


def test_what_goods_flag_says_what_it_looks_most_like(
    labelled: Noted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # plates of another colour all over are too far from good ones to be judged at all
    monkeypatch.setattr(Gate, "strangeness", lambda self, patches: 0.0)
    assert labelled.report.state == "challenger"  # the goods were there first
    assert labelled.adapter.card.mode == "goods+alignment"
    assert labelled.adapter.card.carried == f"{INSPECTOR}/plate/1"
    folder = tmp_path / "new"
    folder.mkdir()
    for kind in range(4):
        coloured(kind, 700 + kind).save(folder / f"{kind}.png")
    plate(109).save(folder / "good.png")
    stored(folder, labelled.context)
    found = looks(labelled.context)
    assert found["good.png"].findings == ()
    findings = [found[f"{kind}.png"].findings for kind in range(4)]
    assert [[(x.label, x.probability) for x in own] for own in findings] == [
        [("anomaly", None)]
    ] * 4
    titles = [own[0].title for own in findings]
    called = "Anomaly of unknown type"
    named = [f"{called}, looks most like {label_of(x)}" for x in range(4)]
    assert titles[0] == named[0]
    assert all(x in (called, right) for x, right in zip(titles, named, strict=True))


def test_labels_that_are_there_know_better(labelled: Noted, tmp_path: Path) -> None:
    """No likeness beside calibrated answers, and no second reading of the pictures."""
    from secondlook.models.forward import forward

    context = labelled.context
    manifest = write_pairs(tmp_path / "plates", 12, note=nothing, label=label_of)
    report = learn.run(
        LearnConfig(domain=INSPECTOR, manifest=manifest, product="plate", minutes=0), context
    )
    adapter = Noted(context, report).adapter
    assert adapter.card.mode == "goods+labelled+alignment"
    domain = context.plugins.domain(INSPECTOR)
    data = from_manifest(manifest, domain, context)
    case = data.cases[0].case
    pixels = {case.images()[0].sha256: np.asarray(coloured(0, 0))}
    inputs, vision = domain.prepare(case, pixels), context.runtime.vision(adapter.vision)
    outputs = forward(inputs, vision=vision, text=None, adapter=adapter)
    assert outputs.answers is not None
    assert outputs.resembles == {}
    alone = forward(inputs, vision=vision, text=None, adapter=labelled.adapter)
    assert sum(alone.resembles.values()) == pytest.approx(1, abs=1e-5)
    assert set(alone.resembles) == set(LABELS)  # those that were learned from, no other
    assert max(alone.resembles, key=lambda x: alone.resembles[x]) == "scratch"


def test_decided_cases_are_pairs_by_their_notes(context: Context, tmp_path: Path) -> None:
    manifest = write_pairs(tmp_path / "plates", 30)
    (tmp_path / "manual.md").write_text(MANUAL)
    stored(manifest, context, manual=tmp_path / "manual.md")
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(), limit=50).rows
    for row in rows[:24]:
        decide.run(decide.DecideConfig(case=row.id, disposition="hold", reviewer="ada"), context)
    report = learn.run(aligned(None, decided=True), context)
    assert report.metrics["pairs"] == 24
    assert any("passages stand in more than half of the cases" in x for x in report.notes)


def test_an_alignment_joins_what_looks_at_its_product(context: Context, tmp_path: Path) -> None:
    """Alone it judges nothing: as champion of its product it would hide the one of all products."""
    goods = tmp_path / "goods"
    goods.mkdir()
    for seed in range(12):
        plate(seed).save(goods / f"{seed}.png")
    learn.run(LearnConfig(domain=INSPECTOR, goods=goods, minutes=0), context)
    manifest = write_pairs(tmp_path / "plates")
    report = learn.run(aligned(manifest), context)
    assert (report.adapter, report.state) == (f"{INSPECTOR}/plate/1", "champion")
    assert Noted(context, report).adapter.card.mode == "goods+alignment"
    with pytest.raises(AdapterError, match=r"learned with backbone clip .* not with starter"):
        learn.run(aligned(manifest, backbone="starter", product="other"), context)


def test_a_case_says_its_labels_or_what_only_it_says(context: Context, tmp_path: Path) -> None:
    def note(number: int) -> str:
        return "Standard remark.\n\n" + (
            " ".join(map(str, range(400))) if number == 1 else note_of(number)
        )

    manifest = write_pairs(
        tmp_path / "plates", 8, note=note, label=lambda x: "scratch;dent" if x == 0 else ""
    )
    domain = context.plugins.domain(INSPECTOR)
    cases = from_manifest(manifest, domain, context, labelled=False).cases
    free = captions(cases, domain, None)
    assert (free.texts[0], free.shared) == (NOTES[0], 1)
    assert len(free.texts[1]) == LETTERS
    formed = captions(cases, domain, PROMPT)
    assert formed.texts[0] == "scratch of a photo and dent of a photo"
    assert formed.texts[2:] == free.texts[2:]


def test_rows_of_the_test_split_are_left(context: Context, tmp_path: Path) -> None:
    manifest = write_pairs(tmp_path / "plates", 6, split=lambda x: "test" if x >= 4 else "train")
    domain = context.plugins.domain(INSPECTOR)
    found = from_manifest(manifest, domain, context, learn=True, labelled=False)
    assert len(found.cases) == 4
    assert found.notes == ("2 cases are of the split `test` and were left out",)


def shuffled(folder: Path) -> Path:
    order = np.random.default_rng(101).permutation(32).tolist()
    return write_pairs(folder, note=lambda x: note_of(order[x]))


def with_a_manual_alone(folder: Path) -> Path:
    return write_pairs(folder, 8, note=lambda _: "The weld of the rim: no scratch, no crack.")


def relabelled(folder: Path) -> Path:
    return write_pairs(folder, 8, label=lambda _: "zebra")


def without_pictures(folder: Path) -> Path:
    manifest = write_pairs(folder, 9)
    for file in sorted(folder.glob("*.png"))[4:]:
        file.unlink()
    return manifest


BAD: list[tuple[Callable[[Path], Path], dict[str, Any], str]] = [
    (shuffled, {}, r"no alignment was stored.*R@1.*so that the frozen backbone is kept"),
    (partial(write_pairs, count=8, note=nothing), {}, "got 0: .*8 cases have no text of their own"),
    (with_a_manual_alone, {}, "got 0: .*1 passages stand in more than half of the cases"),
    (relabelled, {"prompt": PROMPT}, "knows no label 'zebra'"),
    (partial(write_pairs, count=6), {}, "at least 8 pairs of pictures and a text, got 6"),
    (without_pictures, {}, "could not be read"),
    (write_pairs, {"backbone": "untrained"}, "reads pictures and no texts, and an alignment needs"),
]


@pytest.mark.parametrize(("make", "further", "message"), BAD)
def test_what_cannot_be_aligned_says_what_would_work(
    make: Callable[[Path], Path],
    further: dict[str, Any],
    message: str,
    context: Context,
    tmp_path: Path,
) -> None:
    manifest = make(tmp_path / "bad")
    with pytest.raises(ModelError, match=message):
        learn.run(aligned(manifest, **further), context)
    assert not any(context.workspace.adapters.glob("**/adapter.json"))
    with context.workspace.database.read() as unit:
        assert unit.adapters.all() == ()


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ({"prompt": "a photo of {title}"}, r"has no place for a label: write \{label\}"),
        ({"prompt": "{label}\x07"}, "has no place for a label"),
        ({"align": False, "prompt": PROMPT}, "give both, or neither"),
        ({"manifest": None, "goods": Path()}, "instead of --goods"),
        ({"manifest": None}, "exactly one"),
        ({"decided": True}, "exactly one"),
    ],
)
def test_words_of_the_call_that_make_no_sense(
    further: dict[str, Any], message: str, context: Context, tmp_path: Path
) -> None:
    manifest = tmp_path / "cases.csv"
    manifest.write_text("image,note\n")
    with pytest.raises(UsageError, match=message):
        learn.run(aligned(manifest, **further), context)


def test_exams_with_reports_are_pairs(context: Context, tmp_path: Path) -> None:
    manifest = write_pairs(tmp_path / "scans", 24)
    config = LearnConfig(domain=RADIOLOGY, manifest=manifest, align=True)
    assert learn.run(config, context).metrics["pairs"] == 24


def test_the_commands(context: Context, tmp_path: Path) -> None:
    manifest = write_pairs(tmp_path / "plates")
    words = ["learn", INSPECTOR, "--align", "--manifest", str(manifest), "--product", "plate"]
    done = CliRunner().invoke(build(), [*words, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["mode"] == "pairs"
    with_form = CliRunner().invoke(build(), [*words, "--prompt", "a photo"])
    assert with_form.exit_code == 2
    assert "{label}" in with_form.output
    stored(tmp_path / "plates" / "000.png", context)
    embed.run(embed.EmbedConfig(), context)
    asked = ["search", NOTES[0], "--domain", INSPECTOR, "--product", "plate"]
    found = CliRunner().invoke(build(), asked)
    assert f"{INSPECTOR}/plate/1" in " ".join(found.output.split())
    shown = CliRunner().invoke(build(), ["adapters", "show", f"{INSPECTOR}/plate/1"])
    assert "alignment pairs 32" in " ".join(shown.output.split())
