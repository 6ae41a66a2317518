"""Learning from labelled and decided cases through the verbs, and measuring what came of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from labelled_plates import marked, write_manifest
from learned_homes import Learned, begin_with, learned_in
from secondlook import (
    Act,
    AnomalyMap,
    FindingAct,
    ImageInput,
    LabelProbabilities,
    ModalityContribution,
    ModelInputs,
    Taxonomy,
)
from secondlook.assessments import Assessment
from secondlook.errors import ManifestError, ModelError, UsageError
from secondlook.maps import decode_map
from secondlook.models.adapters import Adapter
from secondlook.models.familiar import Familiar
from secondlook.models.forward import forward
from secondlook.models.forward import look_at as look_at_one
from secondlook.store.worklist import WorklistFilter
from secondlook_workflows import (
    adapter_import,
    adapters,
    assess,
    decide,
    evaluate,
    ingest,
    learn,
)
from secondlook_workflows.cli.app import build
from secondlook_workflows.cli.console import PARTLY
from secondlook_workflows.context import Context
from secondlook_workflows.evaluating import EvaluateConfig
from secondlook_workflows.learning import LearnConfig
from secondlook_workflows.manifest_cases import from_manifest
from secondlook_workflows.measuring import others
from secondlook_workflows.stored_adapters import load_adapter

INSPECTOR = "defect-inspector"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve plates of each kind."""
    return write_manifest(tmp_path_factory.mktemp("plates"), range(12))


def heads(manifest: Path, **further: object) -> LearnConfig:
    """Learn heads alone from a manifest."""
    config = LearnConfig(domain=INSPECTOR, manifest=manifest, product="plate", minutes=0)
    return replace(config, **further)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def labels_once(
    empty_home: Path, manifest: Path, tmp_path_factory: pytest.TempPathFactory
) -> Learned:
    """A workspace with heads alone, learned from the manifest."""
    return learned_in(tmp_path_factory.mktemp("labels") / "home", empty_home, heads(manifest))


@pytest.fixture
def labels(context: Context, labels_once: Learned) -> learn.LearnReport:
    """Heads alone, the champion."""
    return begin_with(labels_once, context)


@pytest.fixture(scope="module")
def on_top_once(
    learned_once: Learned, manifest: Path, tmp_path_factory: pytest.TempPathFactory
) -> Learned:
    """A workspace in which good parts were learned, and then the manifest."""
    return learned_in(tmp_path_factory.mktemp("on-top") / "home", learned_once[0], heads(manifest))


@pytest.fixture
def on_top(context: Context, on_top_once: Learned) -> learn.LearnReport:
    """Heads on top of the champion's good parts, a challenger."""
    return begin_with(on_top_once, context)


def look_at(folder: Path, context: Context) -> dict[str, Assessment]:
    """The first looks at every picture of a folder, by name."""
    config = ingest.IngestConfig(domain=INSPECTOR, sources=(folder,), product="plate")
    ingest.run(config, context)
    assess.run(assess.AssessConfig(), context)
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter()).rows
        found = {row.title: unit.assessments.latest(row.id) for row in rows}
    return {title: look for title, look in found.items() if look is not None}


def new_plates(folder: Path) -> Path:
    """One plate of each kind that nothing was learned from."""
    folder.mkdir()
    for number, kind in enumerate(("good", "pore", "scratch")):
        marked(kind, 9000 + number).save(folder / f"{kind}.png")
    return folder


def test_labels_that_were_learned_name_the_defect(
    context: Context, labels: learn.LearnReport, tmp_path: Path
) -> None:
    assert (labels.mode, labels.state) == ("labelled", "champion")
    assert labels.metrics["accuracy"] is not None
    assert labels.metrics["accuracy"] > 0.8
    looks = look_at(new_plates(tmp_path / "new"), context)
    assert [x.label for x in looks["pore.png"].findings] == ["pore"]
    assert [x.label for x in looks["scratch.png"].findings] == ["scratch"]
    assert looks["good.png"].findings == ()
    assert looks["good.png"].disposition == "accept"
    found = looks["pore.png"].findings[0]
    said = next(x for x in found.evidence if isinstance(x, LabelProbabilities))
    assert found.probability == said.probabilities["pore"] > 0.5
    assert "pore" in said.possible
    assert said.coverage == pytest.approx(0.9)
    assert sum(said.probabilities.values()) == pytest.approx(1)
    assert looks["pore.png"].score > 1 > looks["good.png"].score
    shares = [x for x in found.evidence if isinstance(x, ModalityContribution)]
    assert [x.modality for x in shares] == ["image"]
    (why,) = (x for x in found.evidence if isinstance(x, AnomalyMap))
    assert why.label == "pore"
    told = decode_map(context.workspace.blobs.path(why.blob).read_bytes(), why)
    dark = np.asarray(marked("pore", 9001).resize(told.shape[::-1])) < 100
    assert told[dark].mean() > 2 * told[~dark].mean()
    assert looks["pore.png"].provenance.adapter == "defect-inspector/plate/1"


@pytest.mark.slow
def test_what_the_champion_knows_of_goods_is_taken_over(
    context: Context, on_top: learn.LearnReport, tmp_path: Path
) -> None:
    assert on_top.state == "challenger"
    assert "goods part of adapter defect-inspector/plate/1 kept" in on_top.notes
    with context.workspace.database.write() as unit:
        unit.adapters.promote(on_top.adapter, actor="ada")
        unit.commit()
        card = unit.adapters.get(on_top.adapter).card
    assert card["carried"] == card["answers"]["goods"] == "defect-inspector/plate/1"
    assert card["answers"]["modalities"] == ["image", "region", "outline"]
    look = look_at(new_plates(tmp_path / "new"), context)["pore.png"]
    (finding,) = look.findings
    assert finding.label == "pore"
    assert finding.score is not None  # of the bank
    assert finding.score > (finding.threshold or 0)
    assert finding.probability is not None  # of the labels


def adapter_of(id: str, context: Context) -> Adapter:
    with context.workspace.database.read() as unit:
        return load_adapter(unit.adapters.get(id), context)


def looks_alike(first: Adapter, second: Adapter, context: Context) -> bool:
    """Whether two adapters give the same map and threshold, to the bit."""
    vision = context.runtime.vision("starter")
    inputs = ModelInputs(images=(ImageInput(attachment="a", pixels=pixels("pore", 9001)),))
    mine, its = (
        forward(inputs, vision=vision, text=None, adapter=x).images[0] for x in (first, second)
    )
    same = (mine.anomaly_map == its.anomaly_map).all()
    return bool(same) and (mine.score, mine.threshold) == (its.score, its.threshold)


def pixels(kind: str, seed: int) -> NDArray[np.uint8]:
    return np.asarray(marked(kind, seed).convert("RGB"))


def test_map_and_threshold_stay_the_same_and_travel(
    context: Context, on_top: learn.LearnReport, learned_once: Learned, tmp_path: Path
) -> None:
    old, new = (adapter_of(x.adapter, context) for x in (learned_once[1], on_top))
    assert looks_alike(old, new, context)
    file = tmp_path / "both.zip"
    adapters.export(on_top.adapter, file, context)
    with context.workspace.database.write() as unit:
        unit.adapters.promote(on_top.adapter, actor="ada")
        unit.commit()
    before = look_at(new_plates(tmp_path / "new"), context)["pore.png"]
    taken = adapter_import.import_(
        adapter_import.ImportConfig(file=file, product="plate-again"), context
    )
    again = adapter_of(taken.adapter, context)
    assert looks_alike(old, again, context)
    assert again.card.content_sha256 == new.card.content_sha256
    assert before.score is not None
    vision = context.runtime.vision("starter")
    picture = pixels("pore", 9001)
    mine, its = (look_at_one(x, vision, None, picture, "") for x in (new, again))
    assert mine == pytest.approx(its, abs=1e-6)


@pytest.mark.slow
def test_goods_of_an_earlier_adapter_are_found_where_the_champion_has_none(
    context: Context, labels: learn.LearnReport, goods: Path, manifest: Path
) -> None:
    known = learn.run(
        LearnConfig(domain=INSPECTOR, goods=goods, product="plate", minutes=0), context
    )
    assert (labels.state, known.state) == ("champion", "challenger")
    report = learn.run(heads(manifest), context)
    assert f"goods part of adapter {known.adapter} kept" in report.notes
    assert looks_alike(*(adapter_of(x.adapter, context) for x in (known, report)), context)


def test_goods_over_another_backbone_are_not_kept_and_that_is_told(
    context: Context, learned: learn.LearnReport, manifest: Path
) -> None:
    report = learn.run(heads(manifest, backbone="untrained"), context)
    told = " ".join(report.notes)
    assert f"the goods part of {learned.adapter} was not kept" in told
    assert "another backbone or precision (starter" in told
    assert "no anomaly map until good parts are learned again" in told
    assert adapter_of(report.adapter, context).goods is None


@pytest.mark.slow
def test_goods_learned_again_leave_labels_behind_that_looked_at_the_old_ones(
    context: Context, on_top: learn.LearnReport, goods: Path, manifest: Path
) -> None:
    with context.workspace.database.write() as unit:
        unit.adapters.promote(on_top.adapter, actor="ada")
        unit.commit()
    config = LearnConfig(domain=INSPECTOR, goods=goods, product="plate", minutes=0, seed=5)
    again = learn.run(config, context)
    assert adapter_of(again.adapter, context).answers is None
    (told,) = (x for x in again.notes if on_top.adapter in x)
    assert "learn them again on top" in told
    once_more = learn.run(heads(manifest), context)
    assert f"goods part of adapter {on_top.adapter} kept" in once_more.notes


def test_a_part_like_none_that_was_learned_from_is_not_judged(
    context: Context, labels: learn.LearnReport, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "odd.png")
    look = look_at(folder, context)["odd.png"]
    assert look.abstention is not None
    assert look.abstention.reason == "unfamiliar"
    assert look.disposition is None


def test_decisions_are_learned_from(context: Context, manifest: Path) -> None:
    config = ingest.IngestConfig(domain=INSPECTOR, sources=(manifest,), product="plate")
    ingest.run(config, context)
    decided = _decide_all(context)
    assert decided == 36
    learned = learn.run(
        LearnConfig(domain=INSPECTOR, decided=True, product="plate", minutes=0), context
    )
    assert learned.metrics["accuracy"] is not None
    assert learned.metrics["accuracy"] > 0.8
    with context.workspace.database.read() as unit:
        card = unit.adapters.get(learned.adapter).card["answers"]
    assert card["counts"] == {"scratch": 12, "pore": 12, "nothing": 12}
    assert card["groups"] == 6  # the lots of the manifest, kept through the database
    measured = evaluate.run(EvaluateConfig(domain=INSPECTOR, decided=True), context)
    assert measured.n == 36
    assert measured.metrics["ece"] is not None


def _decide_all(context: Context) -> int:
    with context.workspace.database.read() as unit:
        rows = unit.worklist.page(WorklistFilter(), limit=50).rows
    for row in rows:
        kind = row.title.split("-")[0]
        acts = () if kind == "good" else (FindingAct(label=kind, act=Act.ADD),)
        said = "accept" if kind == "good" else "scrap"
        decide.run(
            decide.DecideConfig(case=row.id, disposition=said, reviewer="ada", acts=acts), context
        )
    return len(rows)


@pytest.mark.slow
def test_folds_measure_on_cases_that_were_not_learned_from(
    context: Context, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "plates", range(12), notes=True)
    config = EvaluateConfig(domain=INSPECTOR, manifest=manifest, folds=3, minutes=0)
    report = evaluate.run(config, context)
    assert report.n == 36
    assert report.adapter is None
    assert (report.metrics["accuracy"] or 0) > 0.8
    assert (report.metrics["auroc"] or 0) > 0.9
    assert report.metrics["ece"] is not None
    shuffled, text = report.ablations["shuffled_text"], report.ablations["text"]
    assert text["accuracy"] is not None
    assert shuffled["accuracy"] is not None
    assert any("without it and its group" in x for x in report.notes)
    with context.workspace.database.read() as unit:
        assert unit.adapters.all() == ()  # measured, not kept


def test_shuffled_texts_are_of_other_groups_in_whatever_order_a_manifest_is(
    context: Context, tmp_path: Path
) -> None:
    """Sorted by label, the text of the case before says the same label."""
    manifest = write_manifest(tmp_path / "plates", range(12), notes=True)
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([lines[0], *sorted(lines[1:])]))
    dataset = from_manifest(manifest, context.plugins.domain(INSPECTOR), context)
    shown = others(dataset.cases)
    assert sorted(shown) == list(range(36))
    assert all(dataset.cases[i].group != x.group for i, x in zip(shown, dataset.cases, strict=True))


def test_kinds_that_were_learned_without_good_parts_are_measured(
    context: Context, tmp_path: Path
) -> None:
    """Whether there is a defect is not judged then; which it is can be."""
    manifest = write_manifest(tmp_path / "plates", range(12), kinds=("pore", "scratch"))
    learn.run(heads(manifest), context)
    report = evaluate.run(EvaluateConfig(domain=INSPECTOR, manifest=manifest), context)
    assert (report.metrics["accuracy"] or 0) > 0.9
    assert (report.metrics["label_auroc"] or 0) > 0.9
    assert report.metrics["ece"] is not None
    assert report.metrics["auroc"] is None
    assert any("has learned kinds of defect and no good parts" in x for x in report.notes)
    assert report.ablations["image"]["accuracy"] == report.metrics["accuracy"]


def test_files_that_could_not_be_read_are_named_to_people(context: Context, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "plates", range(12))
    (tmp_path / "plates" / "pore-3.png").unlink()
    words = [INSPECTOR, "--manifest", str(manifest)]
    for command in (["learn", *words, "--minutes", "0"], ["evaluate", *words]):
        done = CliRunner().invoke(build(), command)
        assert done.exit_code == PARTLY
        assert "pore-3.png could not be read: There is no such file" in " ".join(
            done.stderr.split()
        )


def test_what_is_left_without_a_modality_is_shown_to_people(
    context: Context, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "plates", range(12), notes=True)
    words = [INSPECTOR, "--manifest", str(manifest), "--folds", "2", "--minutes", "0"]
    done = CliRunner().invoke(build(), ["evaluate", *words])
    assert done.exit_code == 0
    for name in ("image ", "text ", "shuffled_text "):
        assert any(x.startswith(name) for x in done.stdout.splitlines())


def test_labels_that_nobody_can_tell_apart_measure_no_better_than_chance(
    context: Context, tmp_path: Path
) -> None:
    """A leak of the answer into what is measured would show here."""
    manifest = write_manifest(tmp_path / "plates", range(12))
    lines = manifest.read_text().splitlines()
    labels = np.random.default_rng(0).permutation([x.split(",")[2] for x in lines[1:]])
    rows = [x.split(",") for x in lines[1:]]
    mixed = [",".join([*row[:2], label, *row[3:]]) for row, label in zip(rows, labels, strict=True)]
    manifest.write_text("\n".join([lines[0], *mixed]))
    config = EvaluateConfig(domain=INSPECTOR, manifest=manifest, folds=3, minutes=0)
    report = evaluate.run(config, context)
    assert (report.metrics["accuracy"] or 0) < 0.65


BAD = [
    (lambda x: write_manifest(x, range(12), kinds=("pore",)), "all 12 cases have the label"),
    (lambda x: write_manifest(x, range(1)), "at least 8 labelled cases, got 3"),
    (lambda x: _relabelled(x, "pore", "zebra"), "knows no label 'zebra'"),
    (lambda x: _missing(x), "could not be read"),
    (lambda x: _same(x), "groups hold the same pictures"),
    (lambda x: _leaking(x), "both sides of the split"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_what_cannot_be_learned_from_says_what_would_work(
    make: object, message: str, context: Context, tmp_path: Path
) -> None:
    manifest = make(tmp_path / "bad")  # type: ignore[operator]
    with pytest.raises(ModelError, match=message):
        learn.run(heads(manifest), context)
    assert not any((context.workspace.adapters).glob("**/adapter.json"))


def _relabelled(folder: Path, old: str, new: str) -> Path:
    manifest = write_manifest(folder, range(12))
    manifest.write_text(manifest.read_text().replace(f",{old},", f",{new},"))
    return manifest


def _missing(folder: Path) -> Path:
    manifest = write_manifest(folder, range(3))
    for file in sorted(folder.glob("*.png"))[2:]:
        file.unlink()
    return manifest


def _same(folder: Path) -> Path:
    manifest = write_manifest(folder, range(12))
    for number, file in enumerate(sorted(folder.glob("*.png"))):
        picture = marked("good", 1)
        picture.putpixel((0, 0), number % 2)  # other bytes, the same to any eye
        picture.save(file)
    return manifest


def _leaking(folder: Path) -> Path:
    manifest = write_manifest(folder, range(12), split="train")
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([*lines[:-1], lines[-1].replace("train", "test")]))
    return manifest


@pytest.mark.parametrize(
    "given", [{}, {"goods": Path("x"), "decided": True}, {"manifest": Path("x"), "decided": True}]
)
def test_one_source_of_cases_is_needed(given: dict[str, object], context: Context) -> None:
    with pytest.raises(UsageError, match="exactly one"):
        learn.run(LearnConfig(domain=INSPECTOR, **given), context)  # type: ignore[arg-type]


def test_radiology_does_not_learn_from_goods(context: Context, goods: Path) -> None:
    with pytest.raises(UsageError, match="does not learn from goods"):
        learn.run(LearnConfig(domain="radiology-assistant", goods=goods), context)


def test_kinds_learned_without_good_parts_never_pass_a_part(
    context: Context, tmp_path: Path
) -> None:
    manifest = write_manifest(tmp_path / "plates", range(12), kinds=("pore", "scratch"))
    report = learn.run(heads(manifest), context)
    assert any("never whether" in x for x in report.notes)
    for look in look_at(new_plates(tmp_path / "new"), context).values():
        assert look.abstention is not None
        assert look.abstention.reason == "only_kinds"
        assert look.disposition is None


def test_what_was_learned_is_kept_where_the_champion_cannot_be_loaded(
    context: Context, labels: learn.LearnReport, manifest: Path
) -> None:
    champion = context.workspace.adapters / "defect-inspector/plate/1/answers/head.safetensors"
    champion.write_bytes(b"damaged")
    report = learn.run(heads(manifest, seed=1), context)
    assert report.adapter == "defect-inspector/plate/2"
    assert any("nothing was taken over from defect-inspector/plate/1" in x for x in report.notes)


def test_no_state_of_a_case_stays_when_learning_ended(
    context: Context, labels: learn.LearnReport
) -> None:
    kept = {x.name for x in (context.workspace.home / "learning").rglob("*") if x.is_file()}
    assert kept <= {"log.jsonl"}


def test_labels_that_the_domain_does_not_know_here_stop_the_product_with_a_reason(
    context: Context, labels: learn.LearnReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = context.plugins.domain(INSPECTOR)
    fewer = tuple(x for x in domain.taxonomy.labels if x.code != "pore")
    monkeypatch.setattr(domain, "taxonomy", Taxonomy(labels=fewer))
    config = ingest.IngestConfig(
        domain=INSPECTOR, sources=(new_plates(tmp_path / "new"),), product="plate"
    )
    ingest.run(config, context)
    report = assess.run(assess.AssessConfig(), context)
    assert (report.assessed, report.failed) == (0, {})
    (reason,) = report.skipped.values()
    assert "names pore, which Defect inspector does not know here" in reason


def test_cases_that_were_learned_from_are_said_to_be(
    context: Context, labels: learn.LearnReport, manifest: Path
) -> None:
    report = evaluate.run(EvaluateConfig(domain=INSPECTOR, manifest=manifest), context)
    assert any("36 of these 36 cases were learned from" in x for x in report.notes)


def test_folds_learn_the_same_classes_whatever_is_left_out(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One case with two labels makes all folds multi-label, also those that lack it."""
    monkeypatch.setattr(Familiar, "unfamiliar", lambda *_: False)  # so few know hardly anything
    manifest = write_manifest(tmp_path / "plates", range(9))
    lines = manifest.read_text().splitlines()
    lines[2] = lines[2].replace(",pore,", ",pore;scratch,")
    manifest.write_text("\n".join(lines))
    config = EvaluateConfig(domain=INSPECTOR, manifest=manifest, folds=3, minutes=0)
    report = evaluate.run(config, context)
    assert report.metrics["accuracy"] is not None
    assert [x for x in report.notes if "were left out" in x] == []


def test_folds_need_a_label_in_three_groups(context: Context, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "plates", range(12))
    lines = [
        x.replace(",scratch,", ",good,")
        if "scratch" in x and "lot 0" not in x and "lot 1" not in x
        else x
        for x in manifest.read_text().splitlines()
    ]
    manifest.write_text("\n".join(lines))
    config = EvaluateConfig(domain=INSPECTOR, manifest=manifest, folds=3, minutes=0)
    with pytest.raises(ModelError, match="at least 3 groups"):
        evaluate.run(config, context)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (["a.png,good,,train", "a.png,good,,test"], ModelError, "1 pictures lie on both sides"),
        (["a.png,good,x,train", "b.png,pore,x,test"], ManifestError, "more than one split"),
        (["a.png,good,,train", "b.png,pore,,val"], ManifestError, "none is `test`"),
    ],
)
def test_a_manifest_that_would_measure_what_was_learned_is_refused(
    rows: list[str], error: type[Exception], message: str, context: Context, tmp_path: Path
) -> None:
    for number, name in enumerate(("a.png", "b.png")):
        marked("good", number).save(tmp_path / name)
    manifest = tmp_path / "cases.csv"
    manifest.write_text("\n".join(["image,label,case,split", *rows]))
    with pytest.raises(error, match=message):
        evaluate.run(EvaluateConfig(domain=INSPECTOR, manifest=manifest), context)


def test_all_rows_of_a_case_say_what_it_has(context: Context, tmp_path: Path) -> None:
    for number, name in enumerate(("a.png", "b.png")):
        marked("good", number).save(tmp_path / name)
    manifest = tmp_path / "cases.csv"
    manifest.write_text("image,label,case\na.png,good,A\nb.png,pore,A\n")
    dataset = from_manifest(manifest, context.plugins.domain(INSPECTOR), context)
    assert [x.labels for x in dataset.cases] == [frozenset({"pore"})]
