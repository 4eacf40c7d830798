"""How wide the capsule is in the image: its diameter is known, which reveals a wrong calibration."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from tavi_perception.estimates import NAN, FloatArray, GreyImage, Keypoints
from tavi_perception.landmarks import Landmark

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

_CLEAR = 0.5
"""Slope of an edge relative to that of the steepest pair, from which on it counts."""

_SHORTEST = 0.02
"""Distance of CM and CD below which too little of the capsule is seen, as a share of the image."""

_FRAMES, _FEWEST = 45, 10
"""Window over which the diameter is estimated, and its least number of frames."""

_LEAST, _MOST = 0.25, 0.6
"""Shares of the widths below which the diameter may lie: in up to three quarters of the frames the edge of a
catheter beside the capsule may be measured, in up to two fifths of them what is folded inside."""

_RENEWED = 8
"""Of so many frames one is measured once there are ``_FRAMES``: the width changes little in a view."""


def capsule_width(image: GreyImage, keypoints: Keypoints) -> float:
    """Width of the capsule between CM and CD (px); NaN where one of them is not present.

    Its edges are the outermost pair of opposite slopes, both of them clear, in the mean profile across it.
    """
    side = float(max(image.shape))
    middle, distal = keypoints.xy[[Landmark.CM, Landmark.CD]]
    length = math.dist(middle, distal)
    if not length >= _SHORTEST * side:
        return NAN
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
    return _STEP * side * _outermost_pair(slope, widest)


def _outermost_pair(slope: FloatArray, widest: float) -> float:
    """Samples between the falling and the rising edge of a dark band near the middle of ``slope``."""
    middle, off = len(slope) // 2, round(_OFF / _STEP)
    centres = np.arange(middle - off, middle + off + 1)[:, None]
    halves = np.arange(round(_NARROW / 2 / _STEP), round(widest / 2 / _STEP) + 1)
    agreed = np.minimum(-slope[centres - halves], slope[centres + halves]).max(axis=0)
    # What is folded inside has edges of its own: the outermost ones are the capsule's.
    peaks = 1 + np.flatnonzero((agreed[1:-1] >= agreed[:-2]) & (agreed[1:-1] > agreed[2:]))
    clear = peaks[agreed[peaks] >= _CLEAR * agreed.max()]
    if not clear.size:
        return NAN
    # Between the samples: a capsule of 14 px must be known to better than one.
    before, at, after = agreed[clear[-1] + np.array([-1, 0, 1])]
    bend = before - 2.0 * at + after
    return 2.0 * float(halves[clear[-1]] + (0.5 * (before - after) / bend if bend < 0.0 else 0.0))


class Diameter(NamedTuple):
    """Between which bounds the capsule's diameter lies by the calibration (m); NaN: unknown."""

    least: float
    most: float


UNKNOWN = Diameter(NAN, NAN)


class CapsuleGauge:
    """The capsule's diameter by the calibration, over the frames of a view."""

    def __init__(self) -> None:
        self._widths: deque[float] = deque(maxlen=_FRAMES)
        self._since = 0

    @property
    def due(self) -> bool:
        """Whether the width in the next frame counts; it need not be measured otherwise."""
        return len(self._widths) < _FRAMES or self._since >= _RENEWED - 1

    def update(self, width_m: float) -> Diameter:
        """The diameter after a frame that shows ``width_m`` (m, or NaN); UNKNOWN before enough frames."""
        if self.due and math.isfinite(width_m):
            self._widths.append(width_m)
            self._since = 0
        else:
            self._since += 1
        if len(self._widths) < _FEWEST:
            return UNKNOWN
        widths = sorted(self._widths)
        return Diameter(*(widths[round(share * (len(widths) - 1))] for share in (_LEAST, _MOST)))
