"""Template matching: where an image correlates with a template, combined with priors on the place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, GreyImage

FINE_SCALE, _COARSE_SCALE = 0.0006, 0.003
"""Standard deviations, as shares of the image, of the two Gaussian means whose difference (a band-pass) is
matched: noise is finer, what stands still behind pigtail and catheter is coarser. Edges match more sharply
than the areas between them: with 0.001, and a square mean of 0.025, PT scattered by 0.073 instead of 0.043 mm
along the catheter about its mean over a second, in the median of 50 synthetic procedures, tuning seeds."""

_FINEST = 1000
"""Side of the image (px) up to which it is matched pixel by pixel; a larger one is matched at this size."""

_MIN_CORRELATION = 0.2
"""Normalised correlation below which nothing matches; edges under noise never correlate strongly."""

_LIKELIHOOD_WEIGHT = 40.0
"""Logarithm of the likelihood for each unit of correlation. 25 and 60 gave fewer valid frames, and more wrong
ones, in 100 synthetic procedures, tuning seeds."""

_OUTLIER = 0.02
"""Probability that a prior is an outlier, which says nothing about the place; 0.005 and 0.04 did as 25 and 60
above."""

_FLAT = 1e-3
"""Below it, the product of both contrasts (grey levels, summed in squares) is that of nothing."""

Patch = NDArray[np.float32]


def cell_of(image: GreyImage) -> float:
    """Side (px) of the cells in which the ``image`` is matched."""
    return max(1.0, max(image.shape) / _FINEST)


@dataclass(frozen=True)
class Prior:
    """Where the middle of a template should be: a Gaussian about ``place`` (2,) px of standard deviation
    ``sigma`` (px), with a floor for the case that it is an outlier.

    ``reach``: search radius about it (px).
    """

    place: FloatArray
    sigma: float
    reach: float

    def log_likelihood(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Of places x and y (px), up to a constant."""
        squared = ((x - self.place[0]) ** 2 + (y - self.place[1]) ** 2) / self.sigma**2
        return np.asarray(np.log((1.0 - _OUTLIER) * np.exp(-squared / 2.0) + _OUTLIER), dtype=np.float64)

    def covers(self, place: FloatArray, cell: float) -> bool:
        """Whether a search about it, in cells of ``cell`` px, reaches beyond ``place`` (2,) px."""
        return bool(np.abs(place - self.place).max() <= self.reach - 2.0 * cell)

    def inlier_probability(self, place: FloatArray) -> float:
        """Probability that this prior is no outlier, given that the template is at ``place`` (2,) px."""
        return 1.0 - _OUTLIER / math.exp(float(self.log_likelihood(*place)))


@dataclass(frozen=True)
class Match:
    """A ``place`` (2,) px that matches the template, and the ``patch`` there.

    ``agreement``: probability that the first prior, the network's, means the same place.
    """

    score: float
    place: FloatArray
    patch: Patch
    agreement: float


def best_match(image: GreyImage, template: Patch, priors: tuple[Prior, ...], cell: float) -> Match | None:
    """The most likely place of the template by correlation and priors; None where nothing matches."""
    searched: list[Prior] = []
    for prior in sorted(priors, key=lambda each: -each.reach):
        if not any(other.covers(prior.place, cell) for other in searched):
            searched.append(prior)
    matches = (_match(image, template, prior, priors, cell) for prior in searched)
    return max(filter(None, matches), key=lambda match: match.score, default=None)


def _match(
    image: GreyImage, template: Patch, about: Prior, priors: tuple[Prior, ...], cell: float
) -> Match | None:
    """The most likely place within the search radius of the prior ``about`` it."""
    middle, reach = about.place, max(2, round(about.reach / cell))
    half = len(template) // 2
    patch = band_passed(image, middle, half + reach, cell)
    correlated = correlation(patch, template)
    shifts = np.arange(-reach, reach + 1) * cell
    x, y = middle[0] + shifts, middle[1] + shifts[:, None]
    score = _LIKELIHOOD_WEIGHT * correlated + sum(prior.log_likelihood(x, y) for prior in priors)
    row, column = divmod(int(score.argmax()), len(shifts))
    inside = 0 < row < len(shifts) - 1 and 0 < column < len(shifts) - 1
    if not (inside and correlated[row, column] >= _MIN_CORRELATION):
        return None
    across, down = score[row, column - 1 : column + 2].tolist(), score[row - 1 : row + 2, column].tolist()
    shift = np.array([column + _peak(*across), row + _peak(*down)]) - reach
    place = middle + cell * shift
    return Match(
        float(score[row, column]), place, _cut(patch, shift, half), priors[0].inlier_probability(place)
    )


def band_passed(image: GreyImage, middle: FloatArray, half: int, cell: float) -> Patch:
    """(2 half + 1,) squared cells of ``cell`` px about ``middle`` (px), band-passed."""
    side, size = 2 * half + 1, max(image.shape) / cell
    x, y = middle.tolist()
    patch = cv2.getRectSubPix(image, (round(side * cell),) * 2, (x, y), patchType=cv2.CV_32F)
    if cell > 1.0:
        patch = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    fine, coarse = (cv2.GaussianBlur(patch, (0, 0), share * size) for share in (FINE_SCALE, _COARSE_SCALE))
    return np.asarray(fine - coarse, dtype=np.float32)


def _cut(patch: Patch, shift: FloatArray, half: int) -> Patch:
    """(2 half + 1,) squared, ``shift`` (2,) cells off the middle of ``patch``."""
    x, y = ((np.array(patch.shape[::-1]) - 1) / 2 + shift).tolist()
    return np.asarray(cv2.getRectSubPix(patch, (2 * half + 1, 2 * half + 1), (x, y)), dtype=np.float32)


def correlation(patch: Patch, template: Patch) -> Patch:
    """Normalised, of ``template`` with each part of ``patch``, both squared; 0 where either is flat.

    The same as OpenCV's matchTemplate with TM_CCOEFF_NORMED, which takes ten times as long at this size.
    """
    side = len(template)
    count = len(patch) - side + 1
    centred = template - template.mean()
    padded = cv2.getOptimalDFTSize(len(patch))
    first, second = (
        cv2.dft(cv2.copyMakeBorder(each, 0, padded - len(each), 0, padded - len(each), cv2.BORDER_CONSTANT))
        for each in (patch, centred)
    )
    products = cv2.idft(cv2.mulSpectrums(first, second, 0, conjB=True), flags=cv2.DFT_SCALE)[:count, :count]
    inside = slice(side // 2, side // 2 + count)
    mean, squares = (
        found(patch, cv2.CV_32F, (side, side))[inside, inside] for found in (cv2.boxFilter, cv2.sqrBoxFilter)
    )
    norm = side * np.sqrt(np.maximum(squares - mean**2, 0.0)) * np.linalg.norm(centred)
    return np.asarray(np.divide(products, norm, out=np.zeros_like(products), where=norm > _FLAT))


def _peak(before: float, at: float, after: float) -> float:
    """Where the parabola through three samples has its top, from the middle one, which is the largest."""
    bend = before - 2.0 * at + after
    return (before - after) / (2.0 * bend) if bend < 0.0 else 0.0
