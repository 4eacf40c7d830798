"""Everything that can be wrong with a data set is named, refused, or left out and named."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.annotations import AnnotationError, FaultyAnnotationsError, Kind, open_annotated

from .conftest import Folder, annotation

GOOD = {"AA1": (10.5, 20.5)}
OTHER = {"AA1": (11.5, 20.5)}
Spoil = Callable[[Folder], object]


def rewrite(text: str | bytes) -> Spoil:
    """Another content for the annotation of a/bad.png."""
    data = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder.root / "a/ann/bad.png.json").write_bytes(data)


def objects(*entries: object) -> Spoil:
    return rewrite(json.dumps(annotation({}, objects=list(entries))))


def marked(name: str, *xy: object, geometry: str = "point") -> dict[str, object]:
    return {"classTitle": name, "geometryType": geometry, "points": {"exterior": [*xy], "interior": []}}


BAD_IMAGE = "a/img/bad.png"
SPOILED: list[tuple[str, Kind, Spoil]] = [
    ("empty file", Kind.BROKEN_ANNOTATION, rewrite("")),
    ("no JSON", Kind.BROKEN_ANNOTATION, rewrite("{'size'")),
    ("no text", Kind.BROKEN_ANNOTATION, rewrite(b"\xff\xfe\x00\x80")),
    ("deep JSON", Kind.BROKEN_ANNOTATION, rewrite("[" * 100_000)),
    ("a list", Kind.BROKEN_ANNOTATION, rewrite("[]")),
    ("no objects", Kind.BROKEN_ANNOTATION, rewrite('{"size": {"width": 64, "height": 48}}')),
    ("no size", Kind.BROKEN_ANNOTATION, rewrite('{"objects": []}')),
    ("absurd size", Kind.BROKEN_ANNOTATION, rewrite(json.dumps(annotation({}, size={"width": "64"})))),
    (
        "other size",
        Kind.SIZE_MISMATCH,
        rewrite(json.dumps(annotation(GOOD, size={"width": 128, "height": 96}))),
    ),
    ("no class", Kind.BROKEN_ANNOTATION, objects({"points": {"exterior": [[1, 2]]}})),
    (
        "list as geometry",
        Kind.BROKEN_ANNOTATION,
        objects({**marked("AA1", [1, 2]), "geometryType": ["point"]}),
    ),
    ("text as number", Kind.BROKEN_ANNOTATION, objects(marked("AA1", ["1", 2]))),
    ("three numbers", Kind.BROKEN_ANNOTATION, objects(marked("AA1", [1, 2, 3]))),
    ("no point", Kind.BROKEN_ANNOTATION, objects(marked("AA1"))),
    ("graph without nodes", Kind.BROKEN_ANNOTATION, objects({"classTitle": "AA1", "geometryType": "graph"})),
    ("NaN", Kind.NOT_FINITE, objects(marked("AA1", [float("nan"), 2]))),
    ("infinity", Kind.NOT_FINITE, rewrite(json.dumps(annotation({"AA1": (0, 1)})).replace("[0,", "[1e999,"))),
    ("unknown class", Kind.UNKNOWN_CLASS, objects(marked("AA3", [1, 2]))),
    ("twice", Kind.DUPLICATE_LANDMARK, objects(marked("AA1", [1, 2]), marked("aa1", [3, 4]))),
    ("rectangle", Kind.WRONG_GEOMETRY, objects(marked("AA1", [1, 2], [3, 4], geometry="rectangle"))),
    ("right of it", Kind.OUTSIDE_IMAGE, objects(marked("AA1", [64.6, 2]))),
    ("above it", Kind.OUTSIDE_IMAGE, objects(marked("AA1", [3, -0.1]))),
    ("absent as 0, 0", Kind.AT_ORIGIN, objects(marked("AA1", [0, 0]), marked("AA2", [3, 4]))),
    ("unlabelled", Kind.UNLABELLED, objects()),
    ("empty image", Kind.BROKEN_IMAGE, lambda f: (f.root / BAD_IMAGE).write_bytes(b"")),
    ("no image", Kind.BROKEN_IMAGE, lambda f: (f.root / BAD_IMAGE).write_text("hello")),
    ("cut image", Kind.BROKEN_IMAGE, lambda f: cut(f.root / BAD_IMAGE)),
    ("missing image", Kind.MISSING_IMAGE, lambda f: (f.root / BAD_IMAGE).unlink()),
    ("missing annotation", Kind.MISSING_ANNOTATION, lambda f: (f.root / "a/ann/bad.png.json").unlink()),
    ("two annotations", Kind.BROKEN_ANNOTATION, lambda f: f.json("a/ann/bad.json", annotation(OTHER))),
    ("same image of two", Kind.DUPLICATE_IMAGE, lambda f: twin(f)),
]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def twin(folder: Folder) -> None:
    folder.labelled("b", "twin.png", GOOD)
    (folder.root / "b/img/twin.png").write_bytes((folder.root / BAD_IMAGE).read_bytes())


@pytest.fixture
def sound(project: Folder) -> Folder:
    project.labelled("a", "good.png", GOOD)
    project.labelled("a", "bad.png", GOOD)
    return project


@pytest.mark.parametrize(("kind", "spoil"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED])
def test_a_fault_is_refused_with_its_kind_and_skipped_on_request(
    sound: Folder, kind: Kind, spoil: Spoil
) -> None:
    assert len(open_annotated(sound.root).frames) == 2
    spoil(sound)
    with pytest.raises(FaultyAnnotationsError) as refused:
        open_annotated(sound.root)
    report = refused.value.report
    assert report.counts == {kind: 1}
    (finding,) = report.findings
    assert "bad" in finding.file or "twin" in finding.file
    assert finding.reason and finding.remedy
    assert str(finding) in str(refused.value)
    assert "\n" not in str(refused.value)
    skipped = open_annotated(sound.root, on_error="skip")
    assert skipped.report.findings == report.findings
    assert "a/img/good.png" in {frame.name for frame in skipped.frames}
    assert finding.file.split("/")[-1].removesuffix(".json") not in {f.image.name for f in skipped.frames}


def test_all_faults_stand_in_one_report(sound: Folder, tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "3.png", "4.png"):
        sound.labelled("a", name, {"AA9": (1, 2), "XY": (3, 4)})
    (sound.root / BAD_IMAGE).write_bytes(b"BM")
    for file in (tmp_path / "out/report.txt", tmp_path / "out/report.json"):
        with pytest.raises(FaultyAnnotationsError, match=r"9 findings in 6 images.*report\.") as refused:
            open_annotated(sound.root, report_file=file)
    report = refused.value.report
    assert report.counts == {Kind.BROKEN_IMAGE: 1, Kind.UNKNOWN_CLASS: 8}
    text = (tmp_path / "out/report.txt").read_text()
    assert all(str(finding) in text for finding in report.findings)
    content = json.loads((tmp_path / "out/report.json").read_text())
    assert content["counts"] == {"broken image": 1, "unknown class": 8}
    assert len(content["findings"]) == 9
    assert "and 5 more" in report.text(limit=3)


def test_skipping_says_so_in_the_log(sound: Folder, caplog: pytest.LogCaptureFixture) -> None:
    objects()(sound)
    with caplog.at_level(logging.WARNING):
        open_annotated(sound.root, on_error="skip")
    assert "1 unlabelled image" in caplog.text


def test_empty_annotations_are_kept_as_negatives_on_request(sound: Folder) -> None:
    objects()(sound)
    found = open_annotated(sound.root, empty="keep")
    assert [frame.visible.any() for frame in found.frames] == [False, True]


def test_a_set_of_which_nothing_is_left_is_refused_even_when_skipping(project: Folder) -> None:
    project.labelled("a", "1.png", {})
    with pytest.raises(FaultyAnnotationsError, match="no frame is left"):
        open_annotated(project.root, on_error="skip")


def test_a_name_without_the_pattern_is_a_finding(sound: Folder) -> None:
    with pytest.raises(FaultyAnnotationsError) as refused:
        open_annotated(sound.root, procedure_pattern="^go+d")
    assert refused.value.report.counts == {Kind.UNKNOWN_PROCEDURE: 1}


def test_a_broken_meta_file_is_a_finding(sound: Folder) -> None:
    (sound.root / "meta.json").write_text("{")
    with pytest.raises(FaultyAnnotationsError, match=r"meta\.json: it is not JSON"):
        open_annotated(sound.root)


def test_points_on_the_very_edge_are_inside(project: Folder) -> None:
    project.labelled("a", "1.png", {"AA1": (0.0, 0.5), "AA2": (64.0, 48.0)})
    assert len(open_annotated(project.root).frames) == 1


def test_dark_images_of_few_bits_are_remarked_on(folder: Folder) -> None:
    folder.image("1.png", np.uint16, 4095)
    folder.json("1.json", annotation(GOOD))
    dark, right = open_annotated(folder.root), open_annotated(folder.root, stored_bits=12)
    assert any("stored bits" in note for note in dark.report.notes)
    assert not any("stored bits" in note for note in right.report.notes)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no annotated images"),
        (["1.png"], "images but no annotations"),
        (["inner/meta.json"], "give one of them: inner"),
    ],
)
def test_a_folder_of_no_known_format_is_refused(folder: Folder, files: list[str], message: str) -> None:
    folder.root.mkdir()
    for name in files:
        folder.image(name) if name.endswith("png") else folder.json(name, {})
    with pytest.raises(AnnotationError, match=message):
        open_annotated(folder.root)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="no such file or folder"):
        open_annotated(tmp_path / "nothing")


KEYS = [
    "size",
    "width",
    "height",
    "objects",
    "classTitle",
    "points",
    "exterior",
    "nodes",
    "loc",
    "tags",
    "name",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=JSON)
def test_no_annotation_whatever_it_holds_is_more_than_a_finding(sound: Folder, content: object) -> None:
    sound.json("a/ann/bad.png.json", content)
    found = open_annotated(sound.root, on_error="skip", workers=1)
    assert "a/img/good.png" in {frame.name for frame in found.frames}
    assert found.report.findings
