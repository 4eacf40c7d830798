"""Annotations of strangers are bounded in memory and time, and lead to no file outside of their set."""

from __future__ import annotations

import base64
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.annotations import FaultyAnnotationsError, open_annotated
from training.annotations.record import BrokenAnnotationError, read_json
from training.annotations.regions import bitmap_region
from training.annotations.report import Finding, Kind


def coco(name: str) -> dict:
    return {
        "images": [{"id": 1, "file_name": name, "width": 64, "height": 48}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "keypoints": [9, 9, 2]}],
        "categories": [{"id": 1, "name": "root", "keypoints": ["AA1"]}],
    }


def bitmap(png: bytes) -> dict:
    data = base64.b64encode(zlib.compress(png)).decode()
    return {"classTitle": "root", "bitmap": {"origin": [0, 0], "data": data}}


@pytest.mark.parametrize("name", ["../secret.png", "{}/secret.png", "a/../../secret.png"])
def test_image_outside_of_the_set_is_not_read(folder, tmp_path: Path, name: str) -> None:
    folder.image("../secret.png")
    folder.json("coco.json", coco(name.format(tmp_path)))
    with pytest.raises(FaultyAnnotationsError) as caught:
        open_annotated(folder.root)
    assert Kind.MISSING_IMAGE in {finding.kind for finding in caught.value.report.findings}


def test_image_beside_the_folder_of_the_annotations_is_read(folder) -> None:
    folder.image("images/a.png")
    folder.json("annotations/coco.json", coco("../images/a.png"))
    assert [frame.image.name for frame in open_annotated(folder.root).frames] == ["a.png"]


def test_bitmap_that_is_inflated_to_more_than_any_area_is_refused() -> None:
    with pytest.raises(BrokenAnnotationError, match="larger than any area"):
        bitmap_region(bitmap(b"\x89PNG\r\n\x1a\n" + bytes(60_000_000)), "root")


@pytest.mark.parametrize("side", [8_000, 16_000, 2**31 - 1])
def test_bitmap_of_more_pixels_than_an_image_is_not_decoded(side: int, monkeypatch) -> None:
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", side, side, 16, 6, 0, 0, 0)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(BrokenAnnotationError, match=r"no PNG of an image's size|more than an image"):
        bitmap_region(bitmap(header), "root")


def test_bitmap_with_a_chunk_that_is_not_there_is_not_decoded(monkeypatch) -> None:
    png = bytearray(cv2.imencode(".png", np.full((30, 30), 255, np.uint8))[1].tobytes())
    struct.pack_into(">I", png, png.index(b"IDAT") - 4, 0x70000000)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(BrokenAnnotationError, match="damaged PNG"):
        bitmap_region(bitmap(bytes(png)), "root")


def test_bitmap_of_the_size_of_an_image_is_read() -> None:
    png = cv2.imencode(".png", np.full((3_000, 3_000), 255, np.uint8))[1].tobytes()
    assert bitmap_region(bitmap(png), "root").mask(3_000, 3_000).all()


def test_pipe_in_place_of_an_annotation_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(BrokenAnnotationError, match="no regular file"):
        read_json(tmp_path / "a.json")


def test_names_from_a_file_cannot_break_the_report() -> None:
    finding = Finding(Kind.UNKNOWN_CLASS, "a.json", "class '\x1b[2J\n\ud800' is no landmark", "map it")
    assert str(finding).isprintable()
    str(finding).encode("utf-8")
