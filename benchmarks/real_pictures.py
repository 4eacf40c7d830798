"""A picture of the variants of a real frame, with points read by eye and a model's answers."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.real_report import Judgements
from benchmarks.variants import Variant
from tavi_perception.landmarks import COLOURS_RGB, Landmark
from tavi_perception.visualization.canvas import Canvas
from tavi_perception.visualization.contact_sheet import contact_sheet
from tavi_perception.visualization.text import Colour, put_text

_MARGIN = 0.14
"""Of the crop around the points, as a share of the variant's side."""

_TILE = 360
_WRONG: Colour = (60, 60, 255)
_EYE: Colour = (255, 255, 255)
_TURN = np.linspace(0.0, 2.0 * np.pi, 25)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def variants_sheet(
    image: NDArray[np.uint8], variants: Sequence[Variant], judgements: Sequence[Judgements]
) -> NDArray[np.uint8]:
    """(H, W, 3) BGR; a tile a variant, cropped to where the points are, in the order of ``judgements``.

    White rings are points by eye, coloured crosses what was reported, joined by a line, which is red where
    it is not right; a landmark that was not reported has a red ring and no cross.
    """
    parts = [(part, row) for part in judgements for row in range(len(part.scale))]
    tiles, captions = [], []
    for variant, (part, row) in zip(variants, parts, strict=True):
        tiles.append(_tile(variant.render(image), part, row))
        judged = int(np.isfinite(part.truth[row]).all(axis=-1).sum())
        caption = f"{part.right[row].sum()}/{judged}"
        plain = variant == Variant()
        changes = "as it is" if plain else f"{variant.rotation:+.0f}° ×{variant.scale:.2f}"
        captions.append(f"{caption}  {changes}")
    return contact_sheet(tiles, captions, tile=_TILE, columns=8)


def _tile(image: NDArray[np.uint8], part: Judgements, row: int) -> NDArray[np.uint8]:
    truth = part.truth[row]
    low, high = np.nanmin(truth, axis=0), np.nanmax(truth, axis=0)
    margin = _MARGIN * image.shape[0]
    corner = np.maximum(np.floor(low - margin).astype(int), 0)
    side = int(np.max(high - low) + 2 * margin)
    crop = image[corner[1] : corner[1] + side, corner[0] : corner[0] + side]
    factor = _TILE / max(crop.shape)
    shape = (round(crop.shape[1] * factor), round(crop.shape[0] * factor))
    picture = cv2.cvtColor(cv2.resize(crop, shape, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)
    canvas = Canvas(np.asarray(picture, dtype=np.uint8))

    def place(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return (xy - corner + 0.5) * factor - 0.5

    for landmark in Landmark:
        eye, found = place(truth[landmark]), place(part.found[row, landmark])
        said, right = part.reported[row, landmark], part.right[row, landmark]
        judged = bool(np.isfinite(eye).all())
        if judged:
            canvas.mark([eye + 5.0 * _CIRCLE], _EYE if said else _WRONG, 1)
        if said and np.isfinite(found).all():
            if judged:
                canvas.polyline(np.stack([eye, found]), _EYE if right else _WRONG, 1)
            _cross(canvas, found, landmark)
        if judged and not right:
            x, y = eye
            put_text(canvas.image, landmark.name, round(x) + 7, round(y) - 16, 12, _WRONG, bold=True)
    return canvas.image


def _cross(canvas: Canvas, xy: NDArray[np.float64], landmark: Landmark) -> None:
    red, green, blue = COLOURS_RGB[landmark]
    arms = [np.array([[-4.0, 0.0], [4.0, 0.0]]), np.array([[0.0, -4.0], [0.0, 4.0]])]
    canvas.mark([xy + arm for arm in arms], (blue, green, red), 1)
