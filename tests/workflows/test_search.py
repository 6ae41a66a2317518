"""search: by words, by a picture, and decided cases that look alike, from file to command."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from plates import plate
from secondlook.errors import BackboneError, IntakeError, NotFound, PluginError, UsageError
from secondlook.evidence import CitedPassage
from secondlook.store.embedding_values import Space
from secondlook.workspace import default_home, init_workspace
from secondlook_workflows import decide, embed, ingest, search, similar
from secondlook_workflows.cli.app import build
from secondlook_workflows.context import Context, open_context
from secondlook_workflows.hits import MatchedPicture
from tiny_checkpoints import Tiny

DOMAIN = "defect-inspector"


@pytest.fixture(autouse=True)
def backbones(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> None:
    """The untrained one for pictures, and a tiny one for texts: quicker than minilm."""
    monkeypatch.setenv("SECONDLOOK_VISION_BACKBONE", "untrained")
    monkeypatch.setenv("SECONDLOOK_TEXT_BACKBONE", str(tiny("bert")))


@pytest.fixture
def minilm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text backbone that knows what words mean."""
    monkeypatch.setenv("SECONDLOOK_TEXT_BACKBONE", "minilm")


@pytest.fixture
def without_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    """The query's picture is read here and not in a process of its own: quicker."""
    monkeypatch.setattr(
        search, "_read", lambda path, _: np.asarray(Image.open(path).convert("RGB"))
    )


@pytest.fixture
def aligned(monkeypatch: pytest.MonkeyPatch, tiny: Tiny) -> Iterator[Context]:
    """A workspace whose vision backbone shares a space with text."""
    monkeypatch.setenv("SECONDLOOK_VISION_BACKBONE", str(tiny("clip")))
    init_workspace(default_home()).database.dispose()
    context = open_context()
    yield context
    context.workspace.database.dispose()


@pytest.fixture
def stored(parts: Path) -> Path:
    """Files of a case with a hole and of one without, and the manual beside them."""
    return parts


def store(parts: Path, context: Context, product: str = "plate") -> None:
    config = ingest.IngestConfig(
        domain=DOMAIN,
        sources=(parts,),
        records=(parts.parent / "manual.md",),
        product=product,
    )
    ingest.run(config, context)


def find(context: Context, **words: Any) -> search.SearchReport:
    return search.run(search.SearchConfig(**words), context)


def test_words_find_the_passage_that_says_it(minilm: None, context: Context, stored: Path) -> None:
    store(stored, context)
    report = find(context, text="a hole means the part is scrapped")
    (hit,) = report.hits
    assert isinstance(hit.matched, CitedPassage)
    assert "dark hole" in hit.matched.text
    assert hit.cases == 2
    assert 0.3 < hit.similarity <= 1
    assert report.notes == [search.NOT_ALIGNED]
    assert report.searched["passages"] >= 3
    with context.workspace.database.read() as unit:
        case = unit.cases.get(hit.case)
    (manual,) = case.records
    assert (case.title, manual.sha256) == (hit.title, hit.matched.record)
    assert manual.text[hit.matched.start : hit.matched.end] == hit.matched.text


def test_a_picture_finds_itself_first(context: Context, stored: Path) -> None:
    store(stored, context)
    report = find(context, image=stored / "holed.png")
    assert [x.title for x in report.hits] == ["holed.png", "fine.png"]
    best = report.hits[0]
    assert isinstance(best.matched, MatchedPicture)
    assert best.matched.name == "holed.png"
    assert best.similarity == pytest.approx(1, abs=1e-3)
    assert report.hits[1].similarity < best.similarity
    assert report.notes == [search.UNTRAINED]
    assert find(context, image=stored / "fine.png").hits[0].title == "fine.png"


def test_an_aligned_pair_finds_pictures_by_words(aligned: Context, stored: Path) -> None:
    store(stored, aligned)
    report = find(aligned, text="scratch of the weld")
    kinds = [x.matched.kind for x in report.hits]
    assert kinds == ["passage", "picture", "picture"]
    assert report.notes == []
    assert report.searched == {"passages": report.searched["passages"], "pictures": 2}
    pair = aligned.runtime.dual(aligned.workspace.settings.vision_backbone)
    with aligned.workspace.database.read() as unit:
        (part,) = unit.embeddings.images.matrix(embed.image_space(pair))
    expected = sorted(part.vectors @ pair.embed(["scratch of the weld"])[0], reverse=True)
    assert [x.similarity for x in report.hits[1:]] == pytest.approx(expected, abs=1e-5)


def test_filters_and_decisions(context: Context, stored: Path, without_intake: None) -> None:
    store(stored, context)
    assert find(context, image=stored / "fine.png", domain="radiology-assistant").hits == []
    assert find(context, image=stored / "fine.png", product="other").hits == []
    empty = find(context, image=stored / "fine.png", decided_only=True)
    assert (empty.hits, search.NO_PICTURES in empty.notes) == ([], True)
    fine = find(context, image=stored / "fine.png", limit=1).hits[0]
    config = decide.DecideConfig(case=fine.case, disposition="accept", reviewer="ada")
    decide.run(config, context)
    (hit,) = find(context, image=stored / "holed.png", decided_only=True).hits
    assert (hit.case, hit.decided) == (fine.case, "accept")
    (text,) = find(context, text="hole", decided_only=True, domain=DOMAIN, product="plate").hits
    assert (text.case, text.cases) == (fine.case, 1)


def test_similar_cases_are_decided_ones_of_the_same_product(
    context: Context, stored: Path, tmp_path: Path, without_intake: None
) -> None:
    store(stored, context)
    with context.workspace.database.read() as unit:
        ids = {x.title: x.id for x in unit.cases.load(_ids(context))}
    assert similar.similar_cases(ids["holed.png"], context) == ()
    for title in ("fine.png", "holed.png"):
        config = decide.DecideConfig(case=ids[title], disposition="accept", reviewer="ada")
        decide.run(config, context)
    embed.run(embed.EmbedConfig(passages=False), context)
    (prior,) = similar.similar_cases(ids["holed.png"], context)
    assert prior.reference == ids["fine.png"]
    assert 0 < prior.similarity < 1
    fingerprint = embed.image_backbone(context).ref.fingerprint
    assert similar.similar_cases(ids["holed.png"], context, backbone=fingerprint) == (prior,)
    assert similar.similar_cases(ids["holed.png"], context, backbone="0" * 64) == ()
    more = tmp_path / "more"
    more.mkdir()
    plate(109).save(more / "fine.png")
    store(more, context, product="other")
    (other,) = set(_ids(context)) - set(ids.values())
    assert similar.similar_cases(other, context) == ()
    with pytest.raises(NotFound):
        similar.similar_cases("c" * 64, context)


def _ids(context: Context) -> list[str]:
    report = find(context, image=_any_picture(context), limit=100)
    return [x.case for x in report.hits]


def _any_picture(context: Context) -> Path:
    path = default_home() / "any.png"
    plate(1).save(path)
    return path


def test_embedding_again_makes_nothing_and_goes_on_where_it_stopped(
    context: Context, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(stored, context)
    monkeypatch.setattr(embed, "PICTURES", 1)
    seen: list[object] = []
    whole = embed._load

    def stopping(*given: Any) -> Any:
        if seen:
            raise KeyboardInterrupt
        seen.append(given)
        return whole(*given)

    monkeypatch.setattr(embed, "_load", stopping)
    first = embed.run(embed.EmbedConfig(), context)
    assert (first.images, first.interrupted) == (1, True)
    assert first.passages > 0
    monkeypatch.setattr(embed, "_load", whole)
    second = embed.run(embed.EmbedConfig(), context)
    assert (second.images, second.passages, second.interrupted) == (1, 0, False)
    assert embed.run(embed.EmbedConfig(), context) == embed.EmbedReport()
    with context.workspace.database.read() as unit:
        assert unit.runs.all()[0].verb == "embed"


def test_a_picture_that_is_gone_is_named_and_the_others_are_found(
    context: Context, stored: Path, without_intake: None
) -> None:
    store(stored, context)
    with context.workspace.database.read() as unit:
        (gone, _) = unit.embeddings.images.missing(Space("0" * 64, "float32"), limit=2)
    context.workspace.blobs.path(gone.key.sha256).unlink()
    report = find(context, image=stored / "fine.png")
    assert len(report.hits) == 1
    assert list(report.unreadable) == [gone.key.sha256]
    assert "Ingest its source again" in report.unreadable[gone.key.sha256]
    shown = command("--image", str(stored / "fine.png"), status=3)
    assert "was not searched" in shown.output


def test_an_empty_workspace_says_so(context: Context, tmp_path: Path, without_intake: None) -> None:
    report = find(context, text="hole")
    assert (report.hits, search.NO_PASSAGES in report.notes) == ([], True)
    plate(1).save(tmp_path / "a.png")
    assert search.NO_PICTURES in find(context, image=tmp_path / "a.png").notes


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ({}, UsageError, "give TEXT, or --image FILE"),
        ({"text": "a", "image": Path("x.png")}, UsageError, "give TEXT, or --image FILE"),
        ({"text": " "}, UsageError, "empty"),
        ({"text": "a", "limit": 0}, UsageError, "ask for 1 to 200"),
        ({"text": "a", "domain": "none"}, PluginError, "none"),
        ({"text": "a", "product": "../x"}, UsageError, "cannot name a product"),
        ({"image": Path("missing.png")}, UsageError, "not there"),
    ],
)
def test_words_that_make_no_sense(
    context: Context, words: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        find(context, **words)


def test_a_file_that_is_no_picture_is_refused(context: Context, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("No hole.")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n cut off")
    for name, says in (("note.txt", "not a picture"), ("bad.png", "cannot be searched for")):
        with pytest.raises(IntakeError, match=says):
            find(context, image=tmp_path / name)


def test_a_backbone_without_whole_vectors(
    context: Context, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(stored, context)
    monkeypatch.setattr(context.runtime, "vision", lambda name: object())
    with pytest.raises(BackboneError, match="gives no vectors of whole pictures"):
        find(context, image=stored / "fine.png")
    report = find(context, text="hole")
    assert len(report.hits) == 1
    assert "gives no vectors of whole pictures" in report.notes[0]


def command(*words: str, status: int = 0) -> Result:
    outcome = CliRunner().invoke(build(), ["search", *words])
    assert outcome.exit_code == status, outcome.output
    return outcome


def test_the_command(context: Context, stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    store(stored, context)
    with caplog.at_level(logging.DEBUG):
        report = json.loads(command("hole of Jane Doe", "--json").stdout)
    assert "Jane" not in caplog.text
    (hit,) = report["hits"]
    assert hit["matched"]["kind"] == "passage"
    assert {"record", "text", "start", "end", "line", "page"} <= hit["matched"].keys()
    with context.workspace.database.read() as unit:
        assert "Jane" not in str([x.config for x in unit.runs.all()])
    shown = command("hole")
    assert "manual.md" in shown.output
    assert "give --image" in " ".join(shown.output.split())
    words = ("--image", str(stored / "holed.png"), "--domain", DOMAIN, "--product", "plate")
    found = json.loads(command(*words, "--limit", "1", "--json").stdout)
    assert [x["title"] for x in found["hits"]] == ["holed.png"]
    assert found["hits"][0]["decided"] is None
    assert json.loads(command(*words, "--decided", "--json").stdout)["hits"] == []


@pytest.mark.parametrize(
    ("words", "status"),
    [((), 2), (("a", "--domain", "none"), 2), (("a", "--limit", "0"), 2), (("--image", "x"), 2)],
)
def test_exit_status(context: Context, words: tuple[str, ...], status: int) -> None:
    command(*words, status=status)


def test_vectors_of_another_precision_are_neither_compared_nor_taken(
    aligned: Context, stored: Path
) -> None:
    store(stored, aligned)
    embed.run(embed.EmbedConfig(passages=False), aligned)
    vision = aligned.runtime.dual(aligned.workspace.settings.vision_backbone)
    before = embed.image_space(vision)
    vision.image.precision = "bfloat16"
    after = embed.image_space(vision)
    assert (before.precision, after.precision) == ("float32", "bfloat16")
    report = find(aligned, text="scratch of the weld")
    assert report.searched["pictures"] == 2  # made again, and not taken twice
    with aligned.workspace.database.read() as unit:
        images = unit.embeddings.images
        assert (images.count(before), images.count(after)) == (2, 2)
        old, new = (next(iter(images.matrix(x))) for x in (before, after))
    assert not np.array_equal(old.vectors, new.vectors)


def test_similar_cases_are_of_one_precision(
    aligned: Context, stored: Path, without_intake: None
) -> None:
    store(stored, aligned)
    ids = {x.title: x.case for x in find(aligned, image=stored / "fine.png").hits}
    decide.run(
        decide.DecideConfig(case=ids["fine.png"], disposition="accept", reviewer="ada"), aligned
    )
    vision = aligned.runtime.dual(aligned.workspace.settings.vision_backbone)
    vision.image.precision = "bfloat16"
    # The case alone is seen anew: nothing decided lies in its new space yet.
    assert similar.similar_cases(ids["holed.png"], aligned) == ()
    (prior,) = similar.similar_cases(
        ids["holed.png"], aligned, backbone=vision.ref.fingerprint
    )  # as the review sees it, without a model: by the vectors of before
    assert prior.reference == ids["fine.png"]
    embed.run(embed.EmbedConfig(passages=False), aligned)
    (prior,) = similar.similar_cases(ids["holed.png"], aligned)
    assert prior.reference == ids["fine.png"]


def many(folder: Path, count: int) -> Path:
    folder.mkdir()
    for seed in range(count):
        plate(seed).save(folder / f"{seed}.png")
    return folder


def test_ctrl_c_between_batches_keeps_what_was_done(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ingest.IngestConfig(domain=DOMAIN, sources=(many(tmp_path / "many", 6),))
    ingest.run(config, context)
    monkeypatch.setattr(embed, "PICTURES", 2)
    vision = embed.image_backbone(context)
    real, calls = vision.embed_images, 0

    def looking(images: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return real(images)

    monkeypatch.setattr(vision, "embed_images", looking)
    report = embed.run(embed.EmbedConfig(passages=False), context)
    assert (report.images, report.interrupted) == (2, True)
    assert embed.run(embed.EmbedConfig(passages=False), context).images == 4
