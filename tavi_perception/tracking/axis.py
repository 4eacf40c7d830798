"""The direction of the catheter in the image."""

from __future__ import annotations

import math

import numpy as np

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import Landmark


def across_catheter(keypoints: Keypoints) -> FloatArray:
    """(2, 2) projection on the direction across the catheter; zero where CP or CD is not present."""
    along = keypoints.xy[Landmark.CD] - keypoints.xy[Landmark.CP]
    length = math.hypot(*along)
    if not length > 0.0:
        return np.zeros((2, 2))
    normal = np.array([-along[1], along[0]]) / length
    return np.asarray(np.outer(normal, normal), dtype=np.float64)
