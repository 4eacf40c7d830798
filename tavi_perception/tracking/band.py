"""Where the capsule's marker band can be: no farther down the catheter than where it sheathes the stent."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from tavi_perception.estimates import NAN, FloatArray, Keypoints
from tavi_perception.landmarks import INFLOW_EDGE, Landmark

_FRAMES, _FEWEST = 45, 8
"""Frames from which the sheathed place is learned, and the least number of them."""

_LEAST = 4
"""One in so many frames is right at least: misassociations lie on one side of the band."""

_RECENT = 9
"""Frames over whose median the band's present place is taken."""

_BEYOND = 0.02
"""How far beyond the sheathed place a band is none, as a share of CP-CT: 1.5 mm; the network's scatter is
0.5 % of it."""

_SIGMA = 0.005
"""Standard deviation of a place that is taken over, as a share of CP-CT: that scatter."""

_BELIEVED_S = 3.0
"""How long the band must be seen beyond to be believed: what was learned was then wrong. Misassociations of
1.3 s were seen on tuning seeds."""


class MarkerBand:
    """Takes CD from CP and CT where the network sees it farther down the catheter than it can be.

    CP, CD and CT lie on one rigid device while the stent is sheathed, and drawing the capsule back moves CD
    towards CP only. Whatever else looks like a marker band beyond it, the nose cone's base, a wire, is a
    misassociation. Once the stent's inflow edge is seen, the depth does not hang on CD any more.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._along: deque[float] = deque(maxlen=_FRAMES)
        self._recent: deque[FloatArray] = deque(maxlen=_RECENT)
        self._sheathed = NAN
        self._beyond_since = NAN

    def update(self, keypoints: Keypoints, stamp: float) -> Keypoints:
        """The keypoints of the frame taken at ``stamp`` (s), with a CD that can be."""
        seen = keypoints.present
        if not seen[[Landmark.CP, Landmark.CD, Landmark.CT]].all() or seen[list(INFLOW_EDGE)].any():
            return keypoints
        proximal, band, tip = keypoints.xy[[Landmark.CP, Landmark.CD, Landmark.CT]]
        axis = tip - proximal
        length = math.hypot(*axis)
        if length == 0.0:
            return keypoints
        frame = np.stack([axis, [-axis[1], axis[0]]]) / length**2
        place = frame @ (band - proximal)
        if not self._beyond(float(place[0]), stamp):
            self._learn(place)
            return keypoints
        return self._replaced(keypoints, np.median(self._recent, axis=0), frame * length**2)

    def _beyond(self, along: float, stamp: float) -> bool:
        """Whether a band ``along`` (share of CP-CT) is a misassociation."""
        if len(self._along) < _FEWEST:
            return False
        if along <= self._sheathed + _BEYOND:
            self._beyond_since = NAN
            return False
        if math.isnan(self._beyond_since):
            self._beyond_since = stamp
        if stamp - self._beyond_since <= _BELIEVED_S:
            return True
        self._forget()
        return False

    def _learn(self, place: FloatArray) -> None:
        self._along.append(float(place[0]))
        self._recent.append(place)
        # The largest: the capsule may have been open when it was first seen.
        self._sheathed = float(np.fmax(self._sheathed, sorted(self._along)[len(self._along) // _LEAST]))

    def _replaced(self, keypoints: Keypoints, place: FloatArray, axes: FloatArray) -> Keypoints:
        """With CD at ``place``; ``axes`` (2, 2): along and across the catheter, CP-CT long (px)."""
        xy, covariance = keypoints.xy.copy(), keypoints.covariance.copy()
        share = float(place[0])
        xy[Landmark.CD] = xy[Landmark.CP] + place @ axes
        covariance[Landmark.CD] = (
            (1.0 - share) ** 2 * covariance[Landmark.CP]
            + share**2 * covariance[Landmark.CT]
            + _SIGMA**2 * float(axes[0] @ axes[0]) * np.eye(2)
        )
        return replace(keypoints, xy=xy, covariance=covariance)
