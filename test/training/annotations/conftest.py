"""Small data sets of every format, written file by file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from tavi_perception.simulation.dataset.build import build_dataset
from tavi_perception.simulation.dataset.options import DatasetOptions

WIDTH, HEIGHT = 64, 48
Points = dict[str, tuple[float, float]]


class Folder:
    """Writes images and annotations below a folder."""

    width, height = WIDTH, HEIGHT

    def __init__(self, root: Path) -> None:
        self.root = root

    def image(self, name: str, dtype: type = np.uint8, scale: int = 255) -> Path:
        """An image of noise that is another one for each name."""
        rng = np.random.default_rng(list(name.encode()))
        pixels = rng.integers(0, scale + 1, (HEIGHT, WIDTH)).astype(dtype)
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), pixels)
        return path

    def json(self, name: str, content: Any) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    def meta(self, *graphs: dict[str, Any]) -> None:
        points = [{"title": name, "shape": "point"} for name in ("AA1", "AA2", "CD", "CT")]
        self.json("meta.json", {"classes": [*points, *graphs], "tags": [], "projectType": "images"})

    def labelled(self, dataset: str, image: str, points: Points, **more: Any) -> None:
        """An image of a Supervisely project and its annotation."""
        self.image(f"{dataset}/img/{image}")
        self.json(f"{dataset}/ann/{image}.json", annotation(points, **more))


def annotation(points: Points, **more: Any) -> dict[str, Any]:
    """Supervisely's JSON of one image."""
    objects = [
        {"classTitle": name, "geometryType": "point", "points": {"exterior": [list(xy)], "interior": []}}
        for name, xy in points.items()
    ]
    return {"size": {"height": HEIGHT, "width": WIDTH}, "tags": [], "objects": objects, **more}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "set")


@pytest.fixture
def project(folder: Folder) -> Folder:
    """A Supervisely project without images."""
    folder.meta()
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of 16-bit images of ./tavi simulate; never to be changed."""
    path = tmp_path_factory.mktemp("simulated") / "set"
    options = DatasetOptions(
        procedures=3, seed=7, duration=2.0, frame_rate=5.0, frames=2, size=64, bits=16, shares=(0.5, 0.5, 0)
    )
    build_dataset(path, options, workers=1)
    return path
