"""Writes small sets in the layout of the public TAVI set, with drawn pictures, and their manifests."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Points = Mapping[str, tuple[float, float]]

POINTS: Points = {"AA1": (60, 120), "AA2": (110, 100), "STJ1": (40, 80), "STJ2": (90, 60)}
"""Whole pixels of an image of 160 px, AA1 and STJ1 on the left."""

SIDE = 160


def point(name: str, xy: tuple[float, float]) -> dict[str, Any]:
    """A point object."""
    return {"classTitle": name, "geometryType": "point", "points": {"exterior": [list(xy)], "interior": []}}


def bitmap(mask: NDArray[np.bool_], name: str = "Aortic root") -> dict[str, Any]:
    """A bitmap object: base64 of a zlib stream of a PNG whose alpha is the mask, cut to its extent."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    picture = np.zeros((*cut.shape, 4), np.uint8)
    picture[cut] = 255
    _, png = cv2.imencode(".png", picture)
    data = base64.b64encode(zlib.compress(png.tobytes())).decode()
    origin = [int(columns[0]), int(rows[0])]
    return {"classTitle": name, "geometryType": "bitmap", "bitmap": {"origin": origin, "data": data}}


def polygon(corners: Iterable[tuple[float, float]], name: str = "Aortic root") -> dict[str, Any]:
    """A polygon object."""
    exterior = [list(corner) for corner in corners]
    return {"classTitle": name, "geometryType": "polygon", "points": {"exterior": exterior, "interior": []}}


def root_mask(points: Points = POINTS, side: int = SIDE) -> NDArray[np.bool_]:
    """The quadrilateral of the four points, filled."""
    mask = np.zeros((side, side), np.uint8)
    corners = np.array([points[name] for name in ("AA1", "AA2", "STJ2", "STJ1")], np.int32)
    cv2.fillPoly(mask, [corners], 1)
    return mask > 0


def picture(name: str, side: int = SIDE) -> NDArray[np.uint8]:
    """A drawn root in noise, another for each name."""
    rng = np.random.default_rng(list(name.encode()))
    image = np.full((side, side), 150.0)
    image[cv2.resize(root_mask().astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST) > 0] = 60
    return np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)


class PublicSet:
    """A set below a folder, and the manifests of its folds beside it."""

    def __init__(self, root: Path) -> None:
        self.root, self.manifests = root / "set", root / "manifests"
        shapes = dict.fromkeys(POINTS, "point") | {"Aortic root": "bitmap"}
        classes = [{"title": title, "shape": shape} for title, shape in shapes.items()]
        self._json(self.root / "meta.json", {"classes": classes, "tags": [], "projectType": "images"})

    def image(
        self, patient: str, name: str, image: NDArray[np.uint8] | None = None, side: int = SIDE
    ) -> Path:
        """An image file ``name``, ending included."""
        path = self.root / patient / "img" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), picture(f"{patient}/{name}", side) if image is None else image)
        return path

    def annotation(self, patient: str, name: str, objects: list[dict[str, Any]], side: int = SIDE) -> Path:
        """An annotation file ``name``, without ``.json``."""
        content = {"size": {"height": side, "width": side}, "tags": [], "objects": objects}
        return self._json(self.root / patient / "ann" / f"{name}.json", content)

    def frame(
        self,
        patient: str,
        name: str,
        points: Points = POINTS,
        image: NDArray[np.uint8] | None = None,
        spacing: float | None = None,
    ) -> None:
        """A PNG with its annotation, and its spacing in ``img_info``."""
        side = SIDE if image is None else len(image)
        self.image(patient, f"{name}.png", image)
        self.annotation(patient, f"{name}.png", [point(*each) for each in points.items()], side)
        if spacing is not None:
            info = self.root / patient / "img_info" / f"{name}.png.json"
            self._json(info, {"name": f"{name}.png", "meta": {"pixel_spacing_row_mm": spacing}})

    def fold(
        self,
        number: int,
        training: Mapping[str, Iterable[str]],
        validation: Mapping[str, Iterable[str]],
        folder: str = "train",
    ) -> Path:
        """Manifests of a fold: samples by patient; their paths lie below ``folder``."""
        fold = self.manifests / f"fold_{number:02d}"
        fold.mkdir(parents=True, exist_ok=True)
        for part, listed in (("train", training), ("val", validation)):
            (fold / f"{part}_patients.txt").write_text("".join(f"{patient}\n" for patient in listed))
            rows = [
                (sample, patient, *(f"{folder}/{kind}/{sample}{ending}" for kind, ending in _KINDS))
                for patient, samples in listed.items()
                for sample in samples
            ]
            (fold / f"{part}_samples.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
        return fold

    @staticmethod
    def _json(path: Path, content: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return path


_KINDS = (("images", ".png"), ("masks", ".png"), ("points", ".json"))
