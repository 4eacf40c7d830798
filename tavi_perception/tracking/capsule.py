"""How wide the capsule is in the image: its diameter is known, which reveals a wrong calibration."""

from __future__ import annotations

import math
from collections import deque

import cv2
import numpy as np

from tavi_perception.estimates import NAN, FloatArray, GreyImage, Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.parabola import top

SLIMMEST, WIDEST = 0.00467, 0.006
"""Outer diameters of delivery capsules (m): 14 Fr-equivalent and 18 Fr (1 Fr = 1/3 mm)."""

_LINES = 24
_ALONG: FloatArray = np.linspace(0.15, 0.85, _LINES, dtype=np.float64)
"""Where between CM and CD, clear of the marker band, the capsule is crossed."""

_STEP = 0.0005
"""Between samples across the capsule, as a share of the image."""

_BLUR = 2.0
"""Standard deviation (samples) of the smoothing of a profile before its slope is taken."""

_NARROW, _WIDE, _OFF = 0.012, 0.06, 0.003
"""Widths that are looked for, and how far CM and CD may lie off the axis, as shares of the image."""

_STOUTEST = 0.115
"""Width of a capsule relative to the distance CP-CT, above which it is another thing's edge: 0.08 on the
published frames, at most 0.10 in the simulator. It holds whatever the calibration."""

_CLEAR = 0.7
"""Slope of an edge relative to that of the steepest pair, from which on it counts. With 0.5 a calibration
that is wrong by half was noticed in 85 instead of 94 % of 80 synthetic procedures, tuning seeds (by the
outermost edges alone, in all)."""

PAIRS = 6
"""Most pairs of edges that are kept of a frame; more than five were not clear."""

_SHORTEST = 0.02
"""Distance of CM and CD below which too little of the capsule is seen, as a share of the image."""

_FRAMES, _FEWEST = 45, 10
"""Window over which the diameter is estimated, and its least number of frames."""

_FITTING = 0.3
"""Share of the frames in which a capsule's edges must be among the clear ones: in the others those of a
catheter beside it, or of what is folded inside, may outshine them."""

_RENEWED = 8
"""Of so many frames one is measured once there are ``_FRAMES``: the width changes little in a view."""


NOT_MEASURED: FloatArray = np.full((PAIRS, 2), NAN)


def capsule_widths(image: GreyImage, keypoints: Keypoints) -> FloatArray:
    """(``PAIRS``, 2) widths that the capsule may have between CM and CD (px), the largest first, then NaN.

    From, to, for each pair of opposite slopes, both of them clear, in the mean profile across it: a catheter
    that runs beside the capsule, or lies in it, has edges too. The two differ where an edge is so broad that
    several widths, about axes beside each other, explain it alike. All NaN where CM or CD is not present.
    """
    side = float(max(image.shape))
    middle, distal = keypoints.xy[[Landmark.CM, Landmark.CD]]
    length = math.dist(middle, distal)
    if not length >= _SHORTEST * side:
        return NOT_MEASURED
    along = (distal - middle) / length
    across = np.array([-along[1], along[0]])
    reach = round(_WIDE / 2 / _STEP) + round(_OFF / _STEP)
    offsets = _STEP * side * np.arange(-reach, reach + 1)
    centres = middle + _ALONG[:, None] * (distal - middle)
    places = (centres[:, None] + offsets[:, None] * across).astype(np.float32)
    x, y = places[..., 0], places[..., 1]
    profiles = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = profiles.mean(axis=0, dtype=np.float64)
    # Attenuation: the same step of it is the same slope on a bright and on a dark background.
    profile = np.log(np.maximum(grey, 1.0))[None]
    slope = np.gradient(cv2.GaussianBlur(profile, (0, 0), _BLUR)[0])
    catheter = float(np.linalg.norm(np.subtract(*keypoints.xy[[Landmark.CP, Landmark.CT]])))
    widest = min(_STOUTEST * catheter / side, _WIDE) if math.isfinite(catheter) else _WIDE
    widths = _STEP * side * _clear_pairs(slope, widest)[::-1][:PAIRS]
    return np.concatenate([widths, NOT_MEASURED[len(widths) :]])


def _clear_pairs(slope: FloatArray, widest: float) -> FloatArray:
    """(n, 2) least and most samples between falling and rising edges of dark bands near the middle."""
    middle, off = len(slope) // 2, round(_OFF / _STEP)
    centres = np.arange(middle - off, middle + off + 1)[:, None]
    halves = np.arange(round(_NARROW / 2 / _STEP), round(widest / 2 / _STEP) + 1)
    agreed = np.minimum(-slope[centres - halves], slope[centres + halves]).max(axis=0)
    peaks = 1 + np.flatnonzero((agreed[1:-1] >= agreed[:-2]) & (agreed[1:-1] > agreed[2:]))
    clear = peaks[agreed[peaks] >= _CLEAR * agreed.max()]
    # Between the samples: a capsule of 14 px must be known to better than one.
    most = halves[clear] + top(agreed[clear - 1], agreed[clear], agreed[clear + 1])
    falls = np.flatnonzero(np.diff(agreed, prepend=-np.inf))
    since = falls[np.searchsorted(falls, clear, side="right") - 1]
    least = np.where(since < clear, halves[since], most)
    return np.asarray(2.0 * np.stack([least, most], axis=-1), dtype=np.float64)


class CapsuleGauge:
    """Which diameters the capsule may have by the calibration, over the frames of a view."""

    def __init__(self) -> None:
        self._widths: deque[FloatArray] = deque(maxlen=_FRAMES)
        self._since = 0

    @property
    def due(self) -> bool:
        """Whether the width in the next frame counts; it need not be measured otherwise."""
        return len(self._widths) < _FRAMES or self._since >= _RENEWED - 1

    def update(self, widths_m: FloatArray) -> None:
        """Takes in the ``capsule_widths`` of a frame (m)."""
        if self.due and np.isfinite(widths_m).any():
            self._widths.append(widths_m)
            self._since = 0
        else:
            self._since += 1

    def fits(self, least: float, most: float) -> bool:
        """Whether a capsule of between ``least`` and ``most`` (m) can look like this, as far as is known."""
        if len(self._widths) < _FEWEST:
            return True
        widths = np.array(self._widths)
        fitting = ((widths[..., 1] >= least) & (widths[..., 0] <= most)).any(axis=1)
        return bool(fitting.mean() >= _FITTING)
