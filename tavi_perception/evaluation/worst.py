"""The frames with the largest errors, as a picture to learn from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COLOURS_RGB, Landmark
from tavi_perception.visualization.canvas import Canvas
from tavi_perception.visualization.contact_sheet import contact_sheet
from tavi_perception.visualization.text import Colour, put_text

_TILE = 480
_OF_A_PROCEDURE = 2
"""Frames of one procedure that are kept: the others of it mostly show the same mistake."""

_COLUMNS = 3
_NAMED = 15.0
"""Points that are wrong by more are named (px of 1000)."""

_TRUE: Colour = (255, 255, 255)
_MISSED: Colour = (60, 60, 255)
_TURN = np.linspace(0.0, 2.0 * np.pi, 25)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


@dataclass(frozen=True, eq=False)
class _Kept:
    error: float
    landmark: Landmark
    name: str
    procedure: str
    picture: NDArray[np.uint8]
    truth: NDArray[np.float64]
    found: NDArray[np.float64]
    visible: NDArray[np.bool_]
    reported: NDArray[np.bool_]


class WorstFrames:
    """Keeps the frames with the largest error of a reported visible point, two of a procedure at most.

    Args:
        count: how many are kept.
    """

    def __init__(self, count: int = 12) -> None:
        self._count = count
        self._kept: list[_Kept] = []

    def offer(
        self, name: str, procedure: str, image: NDArray[np.uint8],
        truth: NDArray[np.float64], visible: NDArray[np.bool_],
        found: NDArray[np.float64], reported: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        """Consider a frame; ``truth`` and ``found`` (11, 2) px at an image side of 1000."""
        error = np.linalg.norm(found - truth, axis=1)
        error = np.where(visible & reported & np.isfinite(error), error, -1.0)
        landmark = Landmark(int(np.argmax(error)))
        largest = float(error[landmark])
        if largest < 0 or (len(self._kept) == self._count and largest <= self._kept[-1].error):
            return
        factor = _TILE / max(image.shape)
        size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
        picture = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        kept = _Kept(largest, landmark, name, procedure, picture, truth, found, visible, reported)
        self._kept = sorted([*self._kept, kept], key=lambda kept: -kept.error)
        siblings = [other for other in self._kept if other.procedure == procedure]
        for surplus in siblings[_OF_A_PROCEDURE:]:
            self._kept.remove(surplus)
        del self._kept[self._count :]

    @property
    def listed(self) -> list[dict[str, str | float]]:
        """Name, landmark and error (px of 1000) of each, worst first; for JSON."""
        return [
            {"frame": kept.name, "landmark": kept.landmark.name, "error_px": round(kept.error, 1)}
            for kept in self._kept
        ]

    def sheet(self) -> NDArray[np.uint8] | None:
        """(H, W, 3) BGR, worst first; None when nothing was kept.

        White rings are true places, crosses are answers, joined by a line. Names stand at points that are
        wrong by more than 15 px; rings of points that were not reported are red.
        """
        if not self._kept:
            return None
        captions = [f"{_short(kept.name)}: {kept.landmark.name} {kept.error:.0f} px" for kept in self._kept]
        return contact_sheet([_drawn(kept) for kept in self._kept], captions, tile=_TILE, columns=_COLUMNS)


def _short(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".png")


def _drawn(kept: _Kept) -> NDArray[np.uint8]:
    canvas = Canvas(np.asarray(cv2.cvtColor(kept.picture, cv2.COLOR_GRAY2BGR), dtype=np.uint8))
    factor = _TILE / 1000
    for landmark in Landmark:
        truth, found = ((xy + 0.5) * factor - 0.5 for xy in (kept.truth[landmark], kept.found[landmark]))
        visible, reported = kept.visible[landmark], kept.reported[landmark]
        red, green, blue = COLOURS_RGB[landmark]
        colour = (blue, green, red)
        if visible and reported:
            canvas.polyline(np.stack([truth, found]), colour, 2)
        if visible:
            canvas.mark([truth + 5.0 * _CIRCLE], _TRUE if reported else _MISSED, 1)
        if reported:
            arms = [np.array([[-5.0, 0.0], [5.0, 0.0]]), np.array([[0.0, -5.0], [0.0, 5.0]])]
            canvas.mark([found + arm for arm in arms], colour, 1)
        distance = float(np.linalg.norm(kept.found[landmark] - kept.truth[landmark])) if visible else np.inf
        if (reported and distance > _NAMED) or (visible and not reported):
            x, y = found if reported else truth
            if np.isfinite([x, y]).all():
                put_text(canvas.image, landmark.name, round(x) + 8, round(y) - 18, 13, colour, bold=True)
    return canvas.image
