"""Supervisely's projects and single files give landmarks in our names and pixels."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tavi_perception.landmarks import Landmark
from training.annotations import AnnotationError, open_annotated

from .conftest import Folder, annotation


def test_points_of_a_project_are_landmarks_with_their_dataset_as_procedure(project: Folder) -> None:
    project.labelled("patient a", "1.png", {"aa1": (10.5, 20.5), "CT": (0.5, 47.5)})
    (frame,) = open_annotated(project.root).frames
    assert frame.name == "patient a/img/1.png"
    assert frame.procedure == "patient a"
    assert (frame.width, frame.height) == (64, 48)
    assert frame.xy[Landmark.AA1] == pytest.approx([10, 20])
    assert frame.xy[Landmark.CT] == pytest.approx([0, 47])
    assert set(np.flatnonzero(frame.visible)) == {Landmark.AA1, Landmark.CT}
    assert np.isnan(frame.xy[~frame.visible]).all()


@pytest.mark.parametrize(("image", "text"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_two_forms_of_unicode_belong_together(project: Folder, image: Any, text: Any) -> None:
    name = "Jürgen é.png"
    project.image(f"a/img/{unicodedata.normalize(image, name)}")
    project.json(f"a/ann/{unicodedata.normalize(text, name)}.json", annotation({"AA1": (10, 20)}))
    assert len(open_annotated(project.root).frames) == 1


def test_whole_numbers_are_numbers_of_pixels(project: Folder) -> None:
    project.labelled("a", "1.png", {"AA1": (10, 20)})
    found = open_annotated(project.root)
    assert found.frames[0].xy[Landmark.AA1] == pytest.approx([10, 20])
    assert "whole numbers" in found.report.notes[0]


def test_one_fraction_shows_that_the_whole_set_counts_from_corners(project: Folder) -> None:
    project.labelled("a", "1.png", {"AA1": (10, 20)})
    project.labelled("a", "2.png", {"AA1": (10.25, 20)})
    first, second = open_annotated(project.root).frames
    assert first.xy[Landmark.AA1] == pytest.approx([9.5, 19.5])
    assert second.xy[Landmark.AA1] == pytest.approx([9.75, 19.5])


@pytest.mark.parametrize(("origin", "x"), [("corner", 9.5), ("centre", 10.0)])
def test_the_user_can_say_where_coordinates_count_from(project: Folder, origin: Any, x: float) -> None:
    project.labelled("a", "1.png", {"AA1": (10, 20)})
    assert open_annotated(project.root, origin=origin).frames[0].xy[Landmark.AA1, 0] == x


def test_nodes_of_a_graph_are_named_by_the_template(folder: Folder) -> None:
    nodes = {"n1": {"label": "AA1", "loc": [1, 1]}, "n2": {"label": "aa2"}, "n3": {"label": "CT"}}
    folder.meta({"title": "valve", "shape": "graph", "geometry_config": {"nodes": nodes, "edges": []}})
    graph = {
        "classTitle": "valve",
        "geometryType": "graph",
        "nodes": {
            "n1": {"loc": [10.5, 20.5]},
            "n2": {"loc": [30.5, 40.5], "disabled": False},
            "n3": {"loc": [5.5, 5.5], "disabled": True},
        },
    }
    folder.labelled("a", "1.png", {}, objects=[graph])
    (frame,) = open_annotated(folder.root).frames
    assert set(np.flatnonzero(frame.visible)) == {Landmark.AA1, Landmark.AA2}
    assert frame.xy[Landmark.AA2] == pytest.approx([30, 40])


def test_datasets_may_be_nested_and_an_image_tag_names_the_procedure(project: Folder) -> None:
    project.labelled("outer", "1.png", {"CT": (1.5, 1.5)})
    project.labelled("outer/datasets/inner", "2.png", {"CT": (1.5, 1.5)})
    project.labelled("outer", "3.png", {"CT": (1, 1)}, tags=[{"name": "procedure", "value": "p9"}])
    found = open_annotated(project.root).frames
    assert {frame.image.name: frame.procedure for frame in found} == {
        "1.png": "outer",
        "2.png": "outer/datasets/inner",
        "3.png": "p9",
    }


def old_file(points: dict[str, list[float]]) -> dict[str, Any]:
    """An annotation as Supervisely wrote it before objects had a geometry type."""
    objects = [
        {
            "bitmap": None,
            "tags": [],
            "classTitle": name,
            "description": "",
            "points": {"exterior": [xy], "interior": []},
        }
        for name, xy in points.items()
    ]
    return {"tags": ["contrast"], "description": "", "objects": objects, "size": {"width": 64, "height": 48}}


@pytest.mark.parametrize("name", ["{}.json", "{}.png.json"])
def test_old_files_beside_their_images_are_read(folder: Folder, name: str) -> None:
    for image in ("001_a", "002_b"):
        folder.image(f"patient 1/{image}.png")
        folder.json(f"patient 1/{name.format(image)}", old_file({"CD": [12, 34]}))
    first, second = open_annotated(folder.root).frames
    assert first.procedure == second.procedure == "patient 1"
    assert first.xy[Landmark.CD] == pytest.approx([12, 34])


def test_old_files_may_lie_in_a_folder_beside_that_of_the_images(folder: Folder) -> None:
    folder.image("series/img/1.png")
    folder.json("series/ann/1.json", old_file({"CD": [12, 34]}))
    (frame,) = open_annotated(folder.root).frames
    assert frame.procedure == "series"


def test_a_pattern_tells_procedures_by_file_names(folder: Folder) -> None:
    for image in ("p07_1", "p07_2", "p11_1"):
        folder.image(f"{image}.png")
        folder.json(f"{image}.json", annotation({"CT": (1, 2)}))
    found = open_annotated(folder.root, procedure_pattern=r"^(p\d+)_").frames
    assert [frame.procedure for frame in found] == ["p07", "p07", "p11"]


def test_a_pattern_that_is_none_is_refused(project: Folder) -> None:
    with pytest.raises(AnnotationError, match="no regular expression"):
        open_annotated(project.root, procedure_pattern="(")


def test_foreign_names_are_mapped_and_null_ignores(project: Folder, tmp_path: Path) -> None:
    project.labelled("a", "1.png", {"Annulus left": (10, 20), "table": (3, 3)})
    file = tmp_path / "names.yaml"
    file.write_text("annulus LEFT: aa1\nTable: null\n")
    found = open_annotated(project.root, names=file)
    assert found.frames[0].visible[Landmark.AA1]
    assert any("1 objects" in note for note in found.report.notes)
    same = open_annotated(project.root, names={"annulus left": "AA1", "table": None})
    assert np.array_equal(same.frames[0].visible, found.frames[0].visible)


@pytest.mark.parametrize("content", ["[1, 2]", "x: AA3", "x: [", json.dumps({"x": 5})])
def test_a_names_file_that_says_nonsense_is_refused(project: Folder, tmp_path: Path, content: str) -> None:
    file = tmp_path / "names.json"
    file.write_text(content)
    with pytest.raises(AnnotationError, match=r"names\.json"):
        open_annotated(project.root, names=file)
