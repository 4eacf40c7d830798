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

_CARRIER, _RIDER = Landmark.CD, Landmark.PT
"""Both ride on the same heart, so that where the one goes the other goes, nearly."""

REGISTERED = {_CARRIER: 0.018, _RIDER: 0.022}
"""The landmarks whose surroundings are rigid, and move as they do: half the side of what is matched, as a
share of the image."""

_SEARCH, _REACH = 0.006, 0.008
"""How far is searched about the network's place, and about where the catheter has carried it, as shares of
the image."""

_GRAIN, _GROUND = 0.0006, 0.003
"""Standard deviations, as shares of the image, of the means between which a structure counts: noise is finer,
what stands still behind pigtail and catheter is coarser. Edges alone are sharper to match than what is
between them: with 0.001, and a square of 0.025 for the ground, PT erred along the catheter by 0.073 instead
of 0.043 mm about its mean over a second, in the middle one of 50 synthetic procedures, seeds from 950000."""

_FINEST = 1000
"""Side of the image (px) up to which it is matched pixel by pixel; a larger one is matched at this size."""

_ALIKE = 0.2
"""Normalised correlation below which it is not the same thing; edges under noise are never much alike."""

_EVIDENCE = 40.0
"""Logarithm of the likelihood for each unit of correlation. 25 and 60 gave fewer valid frames, and more wrong
ones, in 100 synthetic procedures, seeds from 950000."""

_ASTRAY = 0.02
"""Probability that the network, or the catheter, says nothing about where it is; 0.005 and 0.04 did as 25 and
60 above."""

_LOOSE, _LOOSE_SPEED = 0.0028, 0.018
"""Standard deviation of where the catheter has carried it, as a share of the image, and by how much it grows
in a second: heart and robot move the one against the other. At the first frame 0.004; 0.002 gave more wrong
depths, in the same procedures."""

_CARRIED_S = 0.6
"""How long the catheter can carry it on since the network last agreed (s); 1.2 did the same."""

_TRUSTED, _TRUSTED_S = 0.5, 3.0
"""Share of the frames, over about so many seconds, in which the network must have agreed. With
0.7 there were more wrong depths."""

_FLAT = 1e-3
"""Below it, the product of both contrasts (grey levels, summed in squares) is that of nothing."""

_RENEWED_S = 10.0
"""Time constant of the template: the pigtail turns, the capsule opens."""

_AVERAGED_S = 2.0
"""Time constant of the mean of what the network says: longer than a heart beat, with which it errs."""

_KNOWN = 5
"""Frames in which it was seen, from which on what does not match is doubted."""

_DOUBTED_S = 0.3
"""How long what does not match is doubted before it is the landmark."""

_KEPT = 0.15
"""Share of the network's variance that all of its frames have in common. Coverage of the stated depth sigmas
over 36 synthetic procedures, seeds from 950000."""

_UNSEEN = 4.0
"""By how much the variance grows, relative to that, where the network does not agree. With 0 one depth was
wrong by more than 3 mm in 100 synthetic procedures, seeds from 950000; with 1 and 4 none."""

Patch = NDArray[np.float32]


class LandmarkRegistration:
    """Steadies ``REGISTERED`` landmarks by the image itself.

    The surroundings of a landmark, averaged over the last frames, are its template. Where the template
    matches best in the next frame tells how the landmark has moved, to a small part of a pixel, and the mean
    of what the network said in those frames tells where in the template it is. So the network's scatter
    from frame to frame, and what it errs with the heart beat, is averaged, and nothing lags.

    What matches best is weighed against where the network sees it and, for the pigtail, against where the
    catheter has carried it since the network agreed last: either may be astray, and where the network takes
    another thing for the pigtail in a few frames, the pigtail is found where it is. A network that has not
    agreed most of the time is not overruled.

    Where nothing matches, the network may see another thing: until it matches again, or for a moment, it is
    doubted by as much as is searched; then it is the landmark.

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
        before, self._stamp, self._shape = self._stamp, stamp, image.shape
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        for landmark in REGISTERED:
            if landmark is _RIDER:
                self._carry(before)
            if keypoints.present[landmark]:
                seen = keypoints.xy[landmark], keypoints.covariance[landmark]
                xy[landmark], covariance[landmark] = self._register(landmark, image, *seen)
        return replace(keypoints, xy=xy, covariance=covariance)

    def _carry(self, before: float) -> None:
        """Move what rides with the catheter as far as the catheter has moved since ``before`` (s)."""
        carrier, rider = self._templates.get(_CARRIER), self._templates.get(_RIDER)
        if rider and rider.carried is not None:
            followed = carrier and (carrier.stamp, carrier.stamp_before) == (self._stamp, before)
            rider.carried = rider.carried + carrier.moved if carrier and followed else None

    def _register(
        self, landmark: Landmark, image: GreyImage, seen: FloatArray, covariance: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Place (2,) px and covariance (2, 2) of what the network has ``seen`` with a ``covariance``."""
        size = max(image.shape)
        cell = max(1.0, size / _FINEST)
        half = max(2, round(REGISTERED[landmark] * size / cell))
        template = self._templates.get(landmark)
        if template and (away := self._stamp - template.stamp) <= self._max_gap:
            opinions = template.opinions(seen, covariance, self._stamp, size)
            match = _best_match(image, template.patch, opinions, cell)
            if match:
                return template.update(match, seen, covariance, self._stamp)
            if template.frames >= _KNOWN and away < _DOUBTED_S:
                return seen, covariance + (_SEARCH * size) ** 2 * np.eye(2)
        patch = _structure(image, seen, half, cell)
        self._templates[landmark] = _Template(patch, seen, covariance, self._stamp, rides=landmark is _RIDER)
        return seen, covariance


@dataclass(frozen=True)
class _Opinion:
    """Where the middle of a template should be, (2,) px, give or take ``sigma`` (px), unless it is astray.

    ``reach``: how far about it is searched (px).
    """

    place: FloatArray
    sigma: float
    reach: float

    def log_likelihood(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """Of places x and y (px), up to a constant."""
        squared = ((x - self.place[0]) ** 2 + (y - self.place[1]) ** 2) / self.sigma**2
        return np.asarray(np.log((1.0 - _ASTRAY) * np.exp(-squared / 2.0) + _ASTRAY), dtype=np.float64)

    def covers(self, place: FloatArray, cell: float) -> bool:
        """Whether a search about it, in cells of ``cell`` px, reaches beyond ``place`` (2,) px."""
        return bool(np.abs(place - self.place).max() <= self.reach - 2.0 * cell)

    def agrees(self, place: FloatArray) -> float:
        """Probability that it is not astray, if it is at ``place`` (2,) px."""
        return 1.0 - _ASTRAY / math.exp(float(self.log_likelihood(*place)))


@dataclass(frozen=True)
class _Match:
    """A ``place`` (2,) px that looks like the template, and the ``patch`` there.

    ``agreed``: probability that the network means the same.
    """

    score: float
    place: FloatArray
    patch: Patch
    agreed: float


class _Template:
    """Surroundings of a landmark over some frames, the last at ``stamp`` (s), and where they were then.

    Attributes:
        patch: mean of the surroundings.
        stamp, stamp_before: when it was matched last, and the time before that (s).
        moved: (2,) px between the two.
        frames: how many it has seen.
        carried: (2,) px where the catheter has carried it since the network agreed; None: not known, or it
            does not ride with the catheter.
    """

    def __init__(
        self, patch: Patch, place: FloatArray, covariance: FloatArray, stamp: float, rides: bool
    ) -> None:
        self.patch = patch
        self.stamp, self.stamp_before = stamp, math.nan
        self.moved: FloatArray = np.zeros(2)
        self.frames = 1
        self._rides = rides
        self.carried = place if rides else None
        self._place = place
        self._offset: FloatArray = np.zeros(2)
        """Of the landmark from the middle (px)."""
        self._covariance = covariance
        """The network's, when it agreed last."""
        self._agreed_stamp = stamp
        self._agreeing, self._agreed_frames = 0.0, 1.0

    def opinions(
        self, seen: FloatArray, covariance: FloatArray, stamp: float, size: int
    ) -> tuple[_Opinion, ...]:
        """The network's, which has ``seen`` (2,) px it with a ``covariance``, and the catheter's, if any."""
        # A network that states to be exact, or nothing, is as good as a structure is fine.
        sigma = max(_GRAIN * size, math.sqrt(float(covariance.trace()) / 2.0))
        network = _Opinion(seen - self._offset, sigma, _SEARCH * size)
        alone = stamp - self._agreed_stamp
        trusted = self.frames >= _KNOWN and self._agreeing > _TRUSTED
        if self.carried is None or alone > _CARRIED_S or not trusted:
            return (network,)
        return network, _Opinion(self.carried, (_LOOSE + _LOOSE_SPEED * alone) * size, _REACH * size)

    def update(
        self, match: _Match, seen: FloatArray, covariance: FloatArray, stamp: float
    ) -> tuple[FloatArray, FloatArray]:
        """Take in a frame taken at ``stamp`` (s), in which the network has ``seen`` (2,) px the landmark.

        Returns its place (2,) px and covariance (2, 2).
        """
        step = stamp - self.stamp
        self.stamp, self.stamp_before = stamp, self.stamp
        self.moved, self._place = match.place - self._place, match.place
        self.frames += 1
        self._agreed_frames += match.agreed
        averaged, renewed, trusted = (
            -math.expm1(-step / lasts) for lasts in (_AVERAGED_S, _RENEWED_S, _TRUSTED_S)
        )
        averaged, renewed = max(1.0 / self._agreed_frames, averaged), max(1.0 / self.frames, renewed)
        self._agreeing += trusted * (match.agreed - self._agreeing)
        self._offset = self._offset + match.agreed * averaged * (seen - match.place - self._offset)
        self.patch = self.patch + np.float32(renewed) * (match.patch - self.patch)
        if match.agreed > 0.5:
            self.carried = match.place if self._rides else None
            self._covariance, self._agreed_stamp = covariance, stamp
        variance = (_KEPT + (1.0 - _KEPT) * averaged) * (1.0 + _UNSEEN * (1.0 - match.agreed))
        return match.place + self._offset, variance * self._covariance


def _best_match(
    image: GreyImage, template: Patch, opinions: tuple[_Opinion, ...], cell: float
) -> _Match | None:
    """The place that looks like the template and fits the opinions best; None where nothing is alike."""
    searched: list[_Opinion] = []
    for opinion in sorted(opinions, key=lambda each: -each.reach):
        if not any(other.covers(opinion.place, cell) for other in searched):
            searched.append(opinion)
    matches = (_match(image, template, opinion, opinions, cell) for opinion in searched)
    return max(filter(None, matches), key=lambda match: match.score, default=None)


def _match(
    image: GreyImage, template: Patch, about: _Opinion, opinions: tuple[_Opinion, ...], cell: float
) -> _Match | None:
    """The best place in the reach of the opinion ``about`` it."""
    middle, reach = about.place, max(2, round(about.reach / cell))
    half = len(template) // 2
    patch = _structure(image, middle, half + reach, cell)
    alike = _correlation(patch, template)
    shifts = np.arange(-reach, reach + 1) * cell
    x, y = middle[0] + shifts, middle[1] + shifts[:, None]
    score = _EVIDENCE * alike + sum(opinion.log_likelihood(x, y) for opinion in opinions)
    row, column = divmod(int(score.argmax()), len(shifts))
    inside = 0 < row < len(shifts) - 1 and 0 < column < len(shifts) - 1
    if not (inside and alike[row, column] >= _ALIKE):
        return None
    across, down = score[row, column - 1 : column + 2].tolist(), score[row - 1 : row + 2, column].tolist()
    shift = np.array([column + _peak(*across), row + _peak(*down)]) - reach
    place = middle + cell * shift
    return _Match(float(score[row, column]), place, _cut(patch, shift, half), opinions[0].agrees(place))


def _structure(image: GreyImage, middle: FloatArray, half: int, cell: float) -> Patch:
    """(2 half + 1,) squared cells of ``cell`` px about ``middle`` (px), without grain and ground."""
    side, size = 2 * half + 1, max(image.shape) / cell
    x, y = middle.tolist()
    patch = cv2.getRectSubPix(image, (round(side * cell),) * 2, (x, y), patchType=cv2.CV_32F)
    if cell > 1.0:
        patch = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)
    fine, coarse = (cv2.GaussianBlur(patch, (0, 0), share * size) for share in (_GRAIN, _GROUND))
    return np.asarray(fine - coarse, dtype=np.float32)


def _cut(patch: Patch, shift: FloatArray, half: int) -> Patch:
    """(2 half + 1,) squared, ``shift`` (2,) cells off the middle of ``patch``."""
    x, y = ((np.array(patch.shape[::-1]) - 1) / 2 + shift).tolist()
    return np.asarray(cv2.getRectSubPix(patch, (2 * half + 1, 2 * half + 1), (x, y)), dtype=np.float32)


def _correlation(patch: Patch, template: Patch) -> Patch:
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
