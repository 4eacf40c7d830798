"""How a landmark moves from frame to frame, finer than the network sees it in each frame by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.imaging.source import GreyImage
from tavi_perception.landmarks import Landmark

REGISTERED = (Landmark.CD, Landmark.PT)
"""The landmarks whose surroundings are rigid, and move as they do."""

_HALF, _SEARCH = 0.022, 0.006
"""Half the side of what is matched, and how far about the network's place, as shares of the image."""

_GRAIN, _GROUND = 0.001, 0.025
"""Standard deviation and side, as shares of the image, of the means between which a structure counts: quantum
noise is finer, the ground that stands still behind pigtail and catheter is coarser."""

_FINEST = 1000
"""Side of the image (px) up to which it is matched pixel by pixel; a larger one is matched at this size."""

_ALIKE = 0.4
"""Normalised correlation below which it is not the same thing."""

_FLAT = 1e-3
"""Below it, the product of both contrasts (grey levels, summed in squares) is that of nothing."""

_RENEWED_S = 10.0
"""Time constant of the template: the pigtail turns, the capsule opens. A younger one creeps away with what
stands still behind it: 0.6 s gave 0.18 instead of 0.15 mm of jitter in 15 synthetic procedures."""

_AVERAGED_S = 2.0
"""Time constant of the mean of what the network says: longer than a heart beat, with which it errs."""

_KNOWN = 5
"""Frames in which it was seen, from which on what does not match is doubted."""

_DOUBTED_S = 0.3
"""How long what does not match is doubted before it is the landmark."""

_KEPT = 0.15
"""Share of the network's variance that all of its frames have in common. Coverage of the stated depth sigmas
over 36 synthetic procedures, seeds from 950000."""

Patch = NDArray[np.float32]


class LandmarkRegistration:
    """Steadies ``REGISTERED`` landmarks by the image itself.

    The surroundings of a landmark, averaged over the last frames, are its template. Where the template
    matches best in the next frame tells how the landmark has moved, to a small part of a pixel, and the mean
    of what the network said in those frames tells where in the template it is. So the network's scatter
    from frame to frame, and what it errs with the heart beat, is averaged, and nothing lags. Where nothing
    matches, the network may see another thing: until it matches again, or for a moment, it is doubted by as
    much as is searched; then it is the landmark.

    Args:
        max_gap: time between frames above which it begins anew (s).
    """

    def __init__(self, max_gap: float) -> None:
        self._max_gap = max_gap
        self.reset()

    def reset(self) -> None:
        """Forget all templates."""
        self._stamp = math.nan
        self._shape: tuple[int, ...] = ()
        self._templates: dict[Landmark, _Template] = {}

    def update(self, image: GreyImage, keypoints: Keypoints, stamp: float) -> Keypoints:
        """``keypoints`` of the ``image`` taken at ``stamp`` (s), steadied, with the covariance that remains.

        A frame that is doubled or late, by at most ``max_gap``, is given back as it is and changes nothing;
        a longer gap or step back, or another size of image, begins anew.
        """
        step = stamp - self._stamp
        if -self._max_gap <= step <= 0.0:
            return keypoints
        if image.shape != self._shape or not 0.0 < step <= self._max_gap:
            self.reset()
        self._stamp, self._shape = stamp, image.shape
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        for landmark in REGISTERED:
            if keypoints.present[landmark]:
                found = self._register(landmark, image, xy[landmark], covariance[landmark])
                xy[landmark], covariance[landmark] = found
        return replace(keypoints, xy=xy, covariance=covariance)

    def _register(
        self, landmark: Landmark, image: GreyImage, seen: FloatArray, covariance: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Place (2,) px and covariance (2, 2) of what the network has ``seen`` with a ``covariance``."""
        size = max(image.shape)
        cell = max(1.0, size / _FINEST)
        half, search = (max(2, round(share * size / cell)) for share in (_HALF, _SEARCH))
        patch = _structure(image, seen, half + search, cell)
        template = self._templates.get(landmark)
        if template and (away := self._stamp - template.stamp) <= self._max_gap:
            shift = _shift(patch, template.patch)
            if shift is not None:
                fresh = template.update(shift, _cut(patch, shift, half), self._stamp)
                return seen + cell * (shift + template.offset), (_KEPT + (1.0 - _KEPT) * fresh) * covariance
            if template.frames >= _KNOWN and away < _DOUBTED_S:
                return seen, covariance + (_SEARCH * size) ** 2 * np.eye(2)
        self._templates[landmark] = _Template(_cut(patch, np.zeros(2), half), self._stamp)
        return seen, covariance


@dataclass
class _Template:
    """Surroundings of a landmark over some ``frames``, the last at ``stamp`` (s).

    ``offset``: (2,) cells by which the landmark is off their middle.
    """

    patch: Patch
    stamp: float
    offset: FloatArray | float = 0.0
    frames: int = 1

    def update(self, shift: FloatArray, patch: Patch, stamp: float) -> float:
        """Take in a frame taken at ``stamp`` (s): its ``patch``, ``shift`` (2,) cells off what was seen.

        Returns by how much this frame counts in ``offset``.
        """
        step, self.stamp = stamp - self.stamp, stamp
        self.frames += 1
        least = 1.0 / self.frames
        weight, renewed = (max(least, -math.expm1(-step / lasts)) for lasts in (_AVERAGED_S, _RENEWED_S))
        self.offset = self.offset + weight * (-shift - self.offset)
        self.patch = self.patch + np.float32(renewed) * (patch - self.patch)
        return weight


def _structure(image: GreyImage, middle: FloatArray, half: int, cell: float) -> Patch:
    """(2 half + 1,) squared cells of ``cell`` px about ``middle`` (px), without grain and ground."""
    side, size = 2 * half + 1, max(image.shape) / cell
    x, y = middle.tolist()
    patch = cv2.getRectSubPix(image, (round(side * cell),) * 2, (x, y), patchType=cv2.CV_32F)
    if cell > 1.0:
        patch = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    ground = max(3, round(_GROUND * size))
    fine, coarse = cv2.GaussianBlur(patch, (0, 0), _GRAIN * size), cv2.blur(patch, (ground, ground))
    return np.asarray(fine - coarse, dtype=np.float32)


def _cut(patch: Patch, shift: FloatArray, half: int) -> Patch:
    """(2 half + 1,) squared, ``shift`` (2,) cells off the middle of ``patch``."""
    x, y = ((np.array(patch.shape[::-1]) - 1) / 2 + shift).tolist()
    return np.asarray(cv2.getRectSubPix(patch, (2 * half + 1, 2 * half + 1), (x, y)), dtype=np.float32)


def _shift(patch: Patch, template: Patch) -> FloatArray | None:
    """(2,) cells by which the middle of ``template`` lies off that of ``patch``; None if nothing is alike."""
    alike = _correlation(patch, template)
    last = len(alike) - 1
    y, x = divmod(int(alike.argmax()), last + 1)
    if not (alike[y, x] >= _ALIKE and 0 < x < last and 0 < y < last):
        return None
    across, down = alike[y, x - 1 : x + 2].tolist(), alike[y - 1 : y + 2, x].tolist()
    return np.array([x + _peak(*across), y + _peak(*down)]) - last / 2


def _correlation(patch: Patch, template: Patch) -> Patch:
    """Normalised, of ``template`` with each part of ``patch``, both squared; 0 where either is flat.

    The same as OpenCV's matchTemplate with TM_CCOEFF_NORMED, which takes ten times as long at this size.
    """
    side = len(template)
    centred = template - template.mean()
    products = np.tensordot(np.lib.stride_tricks.sliding_window_view(patch, template.shape), centred, 2)
    inside = slice(side // 2, side // 2 + len(products))
    mean, squares = (
        found(patch, cv2.CV_32F, (side, side))[inside, inside] for found in (cv2.boxFilter, cv2.sqrBoxFilter)
    )
    norm = side * np.sqrt(np.maximum(squares - mean**2, 0.0)) * np.linalg.norm(centred)
    return np.asarray(np.divide(products, norm, out=np.zeros_like(products), where=norm > _FLAT))


def _peak(before: float, at: float, after: float) -> float:
    """Where the parabola through three samples has its top, from the middle one, which is the largest."""
    bend = before - 2.0 * at + after
    return (before - after) / (2.0 * bend) if bend < 0.0 else 0.0
