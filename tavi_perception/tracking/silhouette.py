"""What of the image the delivery system covers."""

from __future__ import annotations

import cv2
import numpy as np

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import INFLOW_EDGE, Landmark

_HALF_WIDTH = 0.02
"""Half the width of capsule and shaft, as a share of the image: an 18 Fr capsule measures 36 px of 1000 in
the frames of Danilov et al. 2021; and 2 px for its blurred edge."""


def covers(keypoints: Keypoints, place: FloatArray) -> bool:
    """Whether the delivery system lies across the ``place`` (2,) px: capsule and shaft, or the open stent.

    What lies there is seen through it, if at all, and moves otherwise. False where the device is not seen.
    """
    present, xy = keypoints.present, keypoints.xy
    if not (present[Landmark.CP] and present[Landmark.CD]):
        return False
    distal, size = xy[Landmark.CD], max(keypoints.width, keypoints.height)
    along = xy[Landmark.CP] - distal
    length = float(np.hypot(*along))
    if length == 0.0:
        return False
    # The shaft runs on beyond CP, out of the image.
    x, y = place - distal
    proximal, aside = (along[0] * x + along[1] * y) / length, (along[0] * y - along[1] * x) / length
    if proximal >= 0.0 and abs(aside) <= _HALF_WIDTH * size:
        return True
    if not present[list(INFLOW_EDGE)].all():
        return False
    stent = np.array([distal, *xy[list(INFLOW_EDGE)]], dtype=np.float32)
    return cv2.pointPolygonTest(stent, (float(place[0]), float(place[1])), False) >= 0.0
