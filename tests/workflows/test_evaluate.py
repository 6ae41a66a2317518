"""Measuring on labelled cases, and the metrics themselves against plain computations."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from plates import plate
from secondlook.errors import IntakeError, NotFound, UsageError
from secondlook_workflows import evaluate, learn
from secondlook_workflows.cli.app import build
from secondlook_workflows.cli.figures import number
from secondlook_workflows.context import Context
from secondlook_workflows.metrics import PixelMetrics, ranking


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Four good and three holed plates with masks, in MVTec layout."""
    root = tmp_path / "dataset"
    for label, seeds in (("good", range(50, 54)), ("hole", range(60, 63))):
        (root / "test" / label).mkdir(parents=True)
        for seed in seeds:
            plate(seed, hole=label == "hole").save(root / "test" / label / f"{seed}.png")
    (root / "ground_truth" / "hole").mkdir(parents=True)
    mask = np.zeros((96, 96), dtype=np.uint8)
    mask[40:56, 44:60] = 255
    for seed in range(60, 63):
        Image.fromarray(mask).save(root / "ground_truth" / "hole" / f"{seed}_mask.png")
    return root


def test_a_dataset_is_measured_whole(
    context: Context, learned: learn.LearnReport, dataset: Path
) -> None:
    config = evaluate.EvaluateConfig(domain="defect-inspector", dataset=dataset)
    report = evaluate.run(config, context)
    assert (report.n, report.adapter) == (7, learned.adapter)
    assert report.metrics["auroc"] == 1.0
    assert report.metrics["pixel_auroc"] is not None
    assert report.metrics["pixel_auroc"] > 0.9
    assert report.metrics["aupro"] is not None
    assert report.metrics["aupro"] > 0.5
    assert report.metrics["ece"] is None
    assert any(x.startswith("ece:") for x in report.notes)
    assert report.per_label["hole"]["n"] == 3
    assert report.ablations["image"]["auroc"] == 1.0
    assert report.ablations["text"]["auroc"] is None
    measured = hashlib.sha256((dataset / "test" / "hole" / "60.png").read_bytes()).hexdigest()
    with pytest.raises(NotFound):
        context.workspace.blobs.path(measured)  # measured, not taken into the workspace


def test_a_mask_that_is_no_picture_leaves_its_part_out(
    context: Context, learned: learn.LearnReport, dataset: Path
) -> None:
    (dataset / "ground_truth" / "hole" / "60_mask.png").write_text("no picture")
    config = evaluate.EvaluateConfig(domain="defect-inspector", dataset=dataset)
    report = evaluate.run(config, context)
    assert report.metrics["pixel_auroc"] is not None
    assert any(x.startswith("1 masks cannot be read") for x in report.notes)


def test_an_adapter_of_another_domain_is_refused(
    context: Context, learned: learn.LearnReport, dataset: Path
) -> None:
    config = evaluate.EvaluateConfig(
        domain="radiology-assistant", dataset=dataset, adapter=learned.adapter
    )
    with pytest.raises(UsageError, match="is not of radiology-assistant"):
        evaluate.run(config, context)


def test_a_manifest_is_measured_on_its_test_split(
    context: Context, learned: learn.LearnReport, dataset: Path
) -> None:
    manifest = dataset / "cases.csv"
    manifest.write_text(
        "image,label,split\n"
        "test/good/50.png,good,test\n"
        "test/hole/60.png,hole,test\n"
        "test/hole/61.png,hole,train\n"
        "test/hole/62.png,,test\n"
    )
    config = evaluate.EvaluateConfig(domain="defect-inspector", manifest=manifest)
    report = evaluate.run(config, context)
    assert report.n == 2
    assert report.metrics["accuracy"] == 1.0
    assert len([x for x in report.notes if "left out" in x]) == 2


def test_without_an_adapter_no_figure_is_made_up(context: Context, dataset: Path) -> None:
    config = evaluate.EvaluateConfig(domain="defect-inspector", dataset=dataset)
    report = evaluate.run(config, context)
    assert report.n == 7
    assert set(report.metrics.values()) == {None}
    assert any("no adapter fits" in x for x in report.notes)


def test_several_champions_ask_for_a_choice(
    context: Context, learned: learn.LearnReport, goods: Path, dataset: Path
) -> None:
    learn.run(learn.LearnConfig(domain="defect-inspector", goods=goods, product="x"), context)
    config = evaluate.EvaluateConfig(domain="defect-inspector", dataset=dataset)
    with pytest.raises(UsageError, match="--adapter"):
        evaluate.run(config, context)


def test_a_folder_that_is_no_dataset_says_what_one_is(context: Context, tmp_path: Path) -> None:
    config = evaluate.EvaluateConfig(domain="defect-inspector", dataset=tmp_path)
    with pytest.raises(IntakeError, match="DIR/test/<class>"):
        evaluate.run(config, context)


def test_one_class_alone_gives_no_auroc_but_a_reason() -> None:
    metrics = ranking(np.array([True, True]), np.array([0.1, 0.2]))
    assert metrics.values == {"auroc": None, "average_precision": None}
    assert "got 2 of 2" in metrics.notes[0]


def test_pixel_auroc_equals_scikit_learn_on_all_pixels() -> None:
    random = np.random.default_rng(0)
    mask = random.random((40, 30)) < 0.2
    scores = (random.random((40, 30)) + 0.3 * mask).astype(np.float32)
    pixels = PixelMetrics(0.0, 1.3)
    pixels.add(scores, mask)
    exact = roc_auc_score(mask.ravel(), scores.ravel())
    assert pixels.compute().values["pixel_auroc"] == pytest.approx(exact, abs=1e-3)


def test_aupro_weighs_a_small_region_like_a_large_one() -> None:
    mask = np.zeros((20, 20), dtype=bool)
    mask[0:10, 0:10] = True
    mask[15, 15] = True
    only_large = np.where(mask, 1.0, 0.0).astype(np.float32)
    only_large[15, 15] = 0.0
    pixels = PixelMetrics(0.0, 1.0)
    pixels.add(only_large, mask)
    values = pixels.compute().values
    assert values["aupro"] == pytest.approx(0.5 + 0.5 * 0.15, abs=0.01)
    assert values["pixel_auroc"] is not None
    assert values["pixel_auroc"] > 0.99


def test_people_see_each_label_and_what_each_modality_does(
    dataset: Path, learned: learn.LearnReport
) -> None:
    said = CliRunner().invoke(
        build(), ["evaluate", "defect-inspector", "--product", "plate", "--dataset", str(dataset)]
    )
    assert said.exit_code == 0, said.output
    label = next(x for x in said.stdout.splitlines() if x.startswith("hole"))
    assert len(label.split()) == 5  # label, n, recall, auroc, average precision
    assert any(x.startswith("image") for x in said.stdout.splitlines())
    assert not any(x.startswith("shuffled_text") for x in said.stdout.splitlines())  # no records


def test_counts_are_whole_numbers() -> None:
    shown = [number(x) for x in (761.0, 0.05, 1.0, 0.0, 1351.16, None)]
    assert shown == ["761", "0.0500", "1.0000", "0.0000", "1351.1600", "–"]
