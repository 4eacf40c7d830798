"""COCO keypoints give landmarks by the names of their category."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tavi_perception.landmarks import Landmark
from training.annotations import AnnotationError, FaultyAnnotationsError, Kind, open_annotated

from .conftest import Folder

NAMES = ["AA1", "aa2", "CT"]


def coco(keypoints: list[float] | None, file_name: str = "p1/1.png", **more: Any) -> dict[str, Any]:
    entry = {"id": 1, "image_id": 5, "category_id": 3}
    return {
        "images": [{"id": 5, "file_name": file_name, "width": 64, "height": 48}],
        "annotations": [entry if keypoints is None else {**entry, "keypoints": keypoints}],
        "categories": [{"id": 3, "name": "valve", "keypoints": NAMES}],
        **more,
    }


def test_only_visible_keypoints_are_landmarks(folder: Folder) -> None:
    folder.image("p1/1.png")
    folder.json("annotations.json", coco([10, 20, 2, 30, 40, 1, 0, 0, 0]))
    found = open_annotated(folder.root)
    (frame,) = found.frames
    assert list(np.flatnonzero(frame.visible)) == [Landmark.AA1]
    assert frame.xy[Landmark.AA1] == pytest.approx([10, 20])
    assert frame.procedure == "p1"
    assert any("v = 1" in note for note in found.report.notes)


def test_hidden_keypoints_count_as_visible_by_option(folder: Folder) -> None:
    folder.image("p1/1.png")
    folder.json("annotations.json", coco([10, 20, 2, 30, 40, 1, 0, 0, 0]))
    (frame,) = open_annotated(folder.root, hidden="visible").frames
    assert frame.xy[Landmark.AA2] == pytest.approx([30, 40])


def test_images_are_found_by_the_end_of_their_path(folder: Folder) -> None:
    folder.image("images/p1/1.png")
    file = folder.json("annotations/train.json", coco([10, 20, 2, 0, 0, 0, 0, 0, 0]))
    assert open_annotated(folder.root).frames[0].procedure == "images/p1"
    folder.image("annotations/p1/1.png")
    assert len(open_annotated(file).frames) == 1


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (coco([1, 2, 2]), Kind.BROKEN_ANNOTATION),
        (coco([1, 2, 7, 0, 0, 0, 0, 0, 0]), Kind.BROKEN_ANNOTATION),
        (coco([1, "2", 2, 0, 0, 0, 0, 0, 0]), Kind.BROKEN_ANNOTATION),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], categories=[]), Kind.BROKEN_ANNOTATION),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], annotations=7), Kind.BROKEN_ANNOTATION),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], images=[{"id": 5}]), Kind.BROKEN_ANNOTATION),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], images=[{"id": [], "file_name": "p1/1.png"}]), Kind.MISSING_IMAGE),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], images=coco(None)["images"] * 2), Kind.BROKEN_ANNOTATION),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], annotations=[]), Kind.UNLABELLED),
        (coco([0, 0, 0, 0, 0, 0, 0, 0, 0]), Kind.UNLABELLED),
        (coco([1, 99, 2, 0, 0, 0, 0, 0, 0]), Kind.OUTSIDE_IMAGE),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], "p1/none.png"), Kind.MISSING_IMAGE),
        (coco([1, 2, 2, 0, 0, 0, 0, 0, 0], "p1/none.png"), Kind.MISSING_ANNOTATION),
        (coco(None), Kind.UNKNOWN_CLASS),
    ],
)
def test_what_is_wrong_is_reported(folder: Folder, content: dict[str, Any], kind: Kind) -> None:
    folder.image("p1/1.png")
    folder.json("annotations.json", content)
    with pytest.raises(FaultyAnnotationsError) as refused:
        open_annotated(folder.root)
    assert kind in refused.value.report.counts


def test_an_image_without_annotations_is_a_negative_by_option(folder: Folder) -> None:
    folder.image("p1/1.png")
    folder.json("annotations.json", coco(None, annotations=[]))
    found = open_annotated(folder.root, empty="keep")
    assert not found.frames[0].visible.any()
    assert any("true negatives" in note for note in found.report.notes)


def test_a_json_file_of_something_else_is_refused(folder: Folder) -> None:
    file = folder.json("notes.json", {"hello": 1})
    with pytest.raises(AnnotationError, match="no COCO file"):
        open_annotated(file)
