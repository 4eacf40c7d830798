"""A landmark's surroundings over some frames: what a match in the next frame says of its place."""

from __future__ import annotations

import math

import numpy as np

from tavi_perception.estimates import FloatArray
from tavi_perception.tracking.matching import FINE_SCALE, Match, Patch, Prior

SEARCH, _COMPANION_SEARCH = 0.006, 0.008
"""Search radius about the place that the network gives, and about the one that the companion predicts, as
shares of the image."""

_COMPANION_SIGMA, _COMPANION_SIGMA_SPEED = 0.0028, 0.018
"""Standard deviation of the companion's prediction, as a share of the image, and its growth in a second:
heart and robot move one landmark against the other. With 0.002 there were more wrong depths, in 100
synthetic procedures, tuning seeds."""

_PREDICTED_S = 0.6
"""How long the companion alone predicts since the network last agreed, or the template held (s); 1.2 gave the
same figures."""

_TRUSTED, _TRUSTED_S = 0.3, 3.0
"""Share of the frames, over about so many seconds, in which the network must have agreed with the matches.
With 0.2 three times as many depths were wrong by over 2.5 mm, in 25 closed-loop procedures, tuning seeds, 14
of them hard; with 0.5 twice as many, and fewer frames were valid."""

_AGREED = 0.9
"""Probability that network and match mean the same place, from which on the companion predicts from there.
With 0.5 a template drifted, step by step, on to a strut beside the pigtail."""

_RENEWED_S = 10.0
"""Time constant of the template: the pigtail turns, the capsule opens."""

_AVERAGED_S = 2.0
"""Time constant of the network's mean offset from the match: longer than a heart beat, since the network's
error varies with the cardiac phase."""

ESTABLISHED = 5
"""Frames after which a template that does not match makes the network's answer doubtful."""

_UNCONFIRMED = 4.0
"""By how much the variance grows, relative to that, where the network does not agree. With 0 one depth was
wrong by more than 3 mm in 100 synthetic procedures, tuning seeds; with 1 and 4 none."""

_HOLDS = 0.5
"""Share of its correlation where the network agrees from which on a template holds its landmark though the
network sees it elsewhere, as long as that is trusted; 0.67 and 0.8 gave nearly the same figures."""


_PACE, _NOISE = 0.25, 2.0
"""Speed (of the image per s) up to which the network's places are those of one thing, 43 mm/s in 170 mm, and
how many of its standard deviations lie between two of them besides."""

_STEADY_S = 0.3
"""How long the network must see a landmark elsewhere, as one thing, to be as likely right as the template.
With 0.15 more depths were wrong by over 2 mm, with 0.6 as many, in 27 procedures, tuning seeds."""


class Template:
    """Surroundings of a landmark over some frames, the last at ``stamp`` (s), and where they were then.

    ``correlated``: share of the network's variance that is not averaged away.

    Attributes:
        patch: mean of the surroundings.
        stamp: when it was matched last (s).
        place: (2,) px of its middle then.
        frames: how many it has seen.
        proven: it has matched.
    """

    def __init__(
        self, patch: Patch, place: FloatArray, covariance: FloatArray, stamp: float, correlated: float
    ) -> None:
        self.patch, self.place = patch, place
        self.stamp = stamp
        self.frames = 1
        self.proven = False
        self._correlated = correlated
        self._predicted: FloatArray | None = place
        """(2,) px that the companion has predicted since the network agreed; None: not known."""
        self._offset: FloatArray = np.zeros(2)
        """Of the landmark from the middle (px)."""
        self._covariance = covariance
        """The network's, when it agreed last."""
        self._agreed_stamp = stamp
        self._agreeing, self._agreed_frames = 0.0, 1.0
        self._usual = 0.0
        """Its correlation where the network agrees."""
        self._seen, self._elsewhere_since = (place, covariance), stamp
        """Place (2,) px and covariance of the network, and since when (s) it steadily sees another one."""

    def network(self, seen: FloatArray, covariance: FloatArray, size: int) -> Prior:
        """The network's place ``seen`` (2,) px with its ``covariance`` as a prior on the template's."""
        # A covariance of zero, or an unknown one, counts as the finest scale that is matched.
        sigma = max(FINE_SCALE * size, math.sqrt(float(covariance.trace()) / 2.0))
        return Prior(seen - self._offset, sigma, SEARCH * size)

    def predicted_by(self, move: FloatArray | None, stamp: float, size: int) -> Prior | None:
        """The prediction of a companion that has moved by ``move`` (2,) px to the frame at ``stamp`` (s)."""
        alone = stamp - self._agreed_stamp
        trusted = self.frames >= ESTABLISHED and self._agreeing > _TRUSTED
        if self._predicted is None or move is None or alone > _PREDICTED_S or not trusted:
            return None
        return Prior(
            self._predicted + move,
            (_COMPANION_SIGMA + _COMPANION_SIGMA_SPEED * alone) * size,
            _COMPANION_SEARCH * size,
        )

    def follow(self, move: FloatArray | None) -> None:
        """Move the prediction on by a companion's ``move`` (2,) px; None: it was lost."""
        self._predicted = None if self._predicted is None or move is None else self._predicted + move

    def learn(self, match: Match, stamp: float) -> float:
        """Take in what the surroundings look like in the frame taken at ``stamp`` (s).

        A landmark that does not stand out of the noise of one frame may do so in the mean of several.

        Returns the time since the frame before (s).
        """
        step = stamp - self.stamp
        self.stamp, self.place = stamp, match.place
        self.frames += 1
        renewed = max(1.0 / self.frames, -math.expm1(-step / _RENEWED_S))
        # Learned from where the network agrees alone: else the template drifts, step by step, on to what lies
        # beside the landmark.
        self.patch = self.patch.renewed(match.patch, renewed * match.agreement)
        return step

    def update(
        self, match: Match, seen: FloatArray, covariance: FloatArray, stamp: float, size: int
    ) -> tuple[FloatArray, FloatArray]:
        """Take in a frame taken at ``stamp`` (s), in which the network has ``seen`` (2,) px the landmark.

        ``size``: of the image (px). Returns the landmark's place (2,) px and covariance (2, 2). Where the
        network has seen it elsewhere for some time, as one thing, either may be right: the covariance then
        spans both.
        """
        reach = _PACE * size * (stamp - self.stamp)
        if match.agreement > _AGREED or self._leaps(match, seen, covariance, reach):
            self._elsewhere_since = stamp
        self._seen = seen, covariance
        step, self.proven = self.learn(match, stamp), True
        contested = stamp - self._elsewhere_since >= _STEADY_S
        self._agreed_frames += match.agreement
        averaged = max(1.0 / self._agreed_frames, -math.expm1(-step / _AVERAGED_S))
        trusted = -math.expm1(-step / _TRUSTED_S)
        holds = match.correlation >= _HOLDS * self._usual
        held = holds and not contested and self.frames > ESTABLISHED and self._agreeing > _TRUSTED
        self._usual += match.agreement * averaged * (match.correlation - self._usual)
        self._agreeing += trusted * (match.agreement - self._agreeing)
        self._offset = self._offset + match.agreement * averaged * (seen - match.place - self._offset)
        if held or match.agreement > _AGREED:
            self._predicted, self._agreed_stamp = match.place, stamp
        if match.agreement > _AGREED:
            self._covariance = covariance
        variance = (self._correlated + (1.0 - self._correlated) * averaged) * (
            1.0 + _UNCONFIRMED * (1.0 - match.agreement)
        )
        place = match.place + self._offset
        apart = np.outer(seen - place, seen - place) if contested else 0.0
        return place, variance * self._covariance + apart

    def _leaps(self, match: Match, seen: FloatArray, covariance: FloatArray, reach: float) -> bool:
        """Whether the network sees something else than in the frame before, more than ``reach`` (px) away.

        A thing that it takes for the landmark stands still, or moves with the template.
        """
        before, noise = self._seen
        moved = seen - before
        noise = noise + covariance
        least = min(math.hypot(*moved), math.dist(moved, match.place - self.place))
        return least > reach + _NOISE * math.sqrt(float(noise.trace()) / 2.0)
