"""Template matching: where an image correlates with a template, combined with priors on the place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, GreyImage
from tavi_perception.tracking.parabola import top
from tavi_perception.tracking.silhouette import NO_DEVICE, Silhouette

FINE_SCALE, _COARSE_SCALE = 0.0006, 0.003
"""Standard deviations, as shares of the image, of the two Gaussian means whose difference (a band-pass) is
matched: noise is finer, what stands still behind pigtail and catheter is coarser. Edges match more sharply
than the areas between them: with 0.001, and a square mean of 0.025, PT scattered by 0.073 instead of 0.043 mm
along the catheter about its mean over a second, in the median of 50 synthetic procedures, tuning seeds."""

_FINEST, _CELLS = 1000, 44
"""Sides (px) of the image and of the template up to which they are matched pixel by pixel; larger ones are
matched at this size. That of the pigtail is found as well in images of 500 px, four times as fast."""

_SIGNIFICANT = 4.0
"""Standard deviations of the correlation of noise alone, 1 / sqrt(cells), beyond which a match says
something: 0.1 for the pigtail, however little it stands out of the noise in a single frame."""

_LIKELIHOOD_WEIGHT = 40.0
"""Logarithm of the likelihood for each unit of correlation where all of the template is seen; a hidden share
says nothing. 25 and 60 gave fewer valid frames, and more wrong ones, in 100 synthetic procedures,
tuning seeds."""

_OUTLIER = 0.02
"""Probability that a prior is an outlier, which says nothing about the place; 0.005 and 0.04 did as 25 and 60
above."""

_FLAT = 1e-3
"""Below it, the product of both contrasts (grey levels, summed in squares) is that of nothing."""

_LEAST_SEEN = 0.15
"""Share of the template that must be seen on both sides to be compared. With 0.08 and 0.3 as many frames were
valid, within 3 %, in eight closed-loop procedures, tuning seeds."""

Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Patch:
    """A square of an image.

    Attributes:
        levels: (n, n) grey levels, band-passed.
        seen: (n, n) by how much each counts, 0…1: less where something covers what it is about.
    """

    levels: Levels
    seen: Levels

    def cut(self, shift: FloatArray, half: int) -> Patch:
        """(2 half + 1,) squared, ``shift`` (2,) cells off the middle."""
        side = 2 * half + 1
        x, y = ((np.array(self.levels.shape[::-1]) - 1) / 2 + shift).tolist()
        levels, seen = (cv2.getRectSubPix(each, (side, side), (x, y)) for each in (self.levels, self.seen))
        return Patch(np.asarray(levels, dtype=np.float32), np.asarray(seen, dtype=np.float32))

    def renewed(self, newer: Patch, share: float) -> Patch:
        """The running mean of what is seen, after a ``newer`` one that counts for ``share``."""
        kept, added = (1.0 - share) * self.seen, share * newer.seen
        seen = kept + added
        # Where neither is seen, any value will do.
        added = np.divide(added, seen, out=np.zeros_like(seen), where=seen > 0.0)
        return Patch(self.levels + added * (newer.levels - self.levels), seen)


@dataclass(frozen=True)
class Surroundings:
    """Where a template is looked for.

    Attributes:
        image: (H, W) grey levels.
        cover: what hides the template there.
    """

    image: GreyImage
    cover: Silhouette = NO_DEVICE

    def patch(self, middle: FloatArray, half: int, cell: float) -> Patch:
        """(2 half + 1,) squared cells of ``cell`` px about ``middle`` (px)."""
        side, size = 2 * half + 1, max(self.image.shape) / cell
        x, y = middle.tolist()
        levels = cv2.getRectSubPix(self.image, (round(side * cell),) * 2, (x, y), patchType=cv2.CV_32F)
        if cell > 1.0:
            levels = cv2.resize(levels, (side, side), interpolation=cv2.INTER_AREA)
        fine, coarse = (
            cv2.GaussianBlur(levels, (0, 0), share * size) for share in (FINE_SCALE, _COARSE_SCALE)
        )
        return Patch(np.asarray(fine - coarse, dtype=np.float32), self.cover.beside(middle, half, cell))


def cell_of(image: GreyImage, half: float) -> float:
    """Side (px) of the cells in which a template of ``half`` the side (share of the ``image``) is matched."""
    size = max(image.shape)
    return max(1.0, size / _FINEST, 2.0 * half * size / _CELLS)


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

    ``agreement``: probability that the first prior, the network's, means the same place. ``correlation``: of
    template and patch. ``significant``: noise alone does not correlate so.
    """

    score: float
    place: FloatArray
    patch: Patch
    agreement: float
    correlation: float
    significant: bool


def best_match(
    surroundings: Surroundings, template: Patch, priors: tuple[Prior, ...], cell: float
) -> Match | None:
    """The most likely place of the template by correlation and priors; None where nothing matches."""
    searched: list[Prior] = []
    for prior in sorted(priors, key=lambda each: -each.reach):
        if not any(other.covers(prior.place, cell) for other in searched):
            searched.append(prior)
    matches = (_match(surroundings, template, prior, priors, cell) for prior in searched)
    return max(filter(None, matches), key=lambda match: match.score, default=None)


def _match(
    surroundings: Surroundings, template: Patch, about: Prior, priors: tuple[Prior, ...], cell: float
) -> Match | None:
    """The most likely place within the search radius of the prior ``about`` it."""
    middle, reach = about.place, max(2, round(about.reach / cell))
    half = len(template.levels) // 2
    patch = surroundings.patch(middle, half + reach, cell)
    correlated, seen = correlation(patch, template)
    shifts = np.arange(-reach, reach + 1) * cell
    x, y = middle[0] + shifts, middle[1] + shifts[:, None]
    score = _LIKELIHOOD_WEIGHT * seen * correlated + sum(prior.log_likelihood(x, y) for prior in priors)
    row, column = divmod(int(score.argmax()), len(shifts))
    inside = 0 < row < len(shifts) - 1 and 0 < column < len(shifts) - 1
    if not inside:
        return None
    cross = np.stack([score[row, column - 1 : column + 2], score[row - 1 : row + 2, column]], axis=1)
    shift = np.array([column, row]) - reach + top(*cross)
    place = middle + cell * shift
    return Match(
        float(score[row, column]),
        place,
        patch.cut(shift, half),
        priors[0].inlier_probability(place),
        float(correlated[row, column]),
        bool(correlated[row, column] * math.sqrt(seen[row, column]) * len(template.levels) >= _SIGNIFICANT),
    )


def correlation(patch: Patch, template: Patch) -> tuple[Levels, Levels]:
    """Normalised, of ``template`` with each part of ``patch``, both squared, over the cells seen in both.

    Beside it the share of the cells that are. 0 where either is flat, or too little is seen. Where everything
    is seen it is that of OpenCV's matchTemplate with TM_CCOEFF_NORMED, which takes ten times as long at this
    size, and cannot leave out what is hidden in the ``patch``.
    """
    whole = bool(patch.seen.min() == 1.0 and template.seen.min() > 0.999)
    if not whole:
        return _masked(patch, template)
    correlated = _whole(patch.levels, template.levels)
    return correlated, np.ones_like(correlated)


def _whole(patch: Levels, template: Levels) -> Levels:
    side = len(template)
    count = len(patch) - side + 1
    centred = template - template.mean()
    here, there = _spectra(patch, centred)
    products = _products(here, there, count)
    inside = slice(side // 2, side // 2 + count)
    mean, squares = (
        found(patch, cv2.CV_32F, (side, side))[inside, inside] for found in (cv2.boxFilter, cv2.sqrBoxFilter)
    )
    norm = side * np.sqrt(np.maximum(squares - mean**2, 0.0)) * np.linalg.norm(centred)
    return np.asarray(np.divide(products, norm, out=np.zeros_like(products), where=norm > _FLAT))


def _masked(patch: Patch, template: Patch) -> tuple[Levels, Levels]:
    """Padfield 2012, doi:10.1109/TIP.2011.2181402."""
    count = len(patch.levels) - len(template.levels) + 1
    seen, values, squares, seen_there, values_there, squares_there = _spectra(
        *(each.seen * each.levels**power for each in (patch, template) for power in range(3))
    )
    common = _products(seen, seen_there, count)
    enough = common >= _LEAST_SEEN * template.levels.size
    share = np.clip(common / template.levels.size, 0.0, 1.0)
    common = np.maximum(common, 1.0)
    mean, mean_there = (
        _products(*pair, count) / common for pair in ((values, seen_there), (seen, values_there))
    )
    products = _products(values, values_there, count) - common * mean * mean_there
    contrasts = (
        np.maximum(_products(*pair, count) - common * each**2, 0.0)
        for pair, each in (((squares, seen_there), mean), ((seen, squares_there), mean_there))
    )
    norm = np.sqrt(math.prod(contrasts))
    correlated = np.divide(products, norm, out=np.zeros_like(products), where=enough & (norm > _FLAT))
    return np.asarray(correlated), np.asarray(share)


def _spectra(*squares: Levels) -> list[Levels]:
    """Of patches, all padded to the size that suits the first and largest."""
    padded = cv2.getOptimalDFTSize(len(squares[0]))
    added = (padded - len(each) for each in squares)
    framed = (
        cv2.copyMakeBorder(each, 0, more, 0, more, cv2.BORDER_CONSTANT)
        for each, more in zip(squares, added, strict=True)
    )
    return [np.asarray(cv2.dft(each), dtype=np.float32) for each in framed]


def _products(patch: Levels, template: Levels, count: int) -> Levels:
    """(count, count) sums of products of two patches with these spectra, the second shifted."""
    products = cv2.idft(cv2.mulSpectrums(patch, template, 0, conjB=True), flags=cv2.DFT_SCALE)
    return np.asarray(products[:count, :count])
