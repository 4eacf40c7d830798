"""What of a fluoroscopy stands still while heart and breath move the rest."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import GreyImage, Keypoints
from tavi_perception.landmarks import NEEDS_CONTRAST
from tavi_perception.tracking.silhouette import silhouette_of

_AVERAGED_S = 10.0
"""Time constant (s): many heart beats, and some breaths. With 5 and 20 the same depths were valid, within
0.5 %, in ten closed-loop procedures, tuning seeds."""

_LEARNED_S = 1.0
"""Time (s) after which what moves is smeared enough: a heart beat."""


class StaticLayer:
    """The running mean of the images of one view, where neither device nor contrast medium is.

    Spine, ribs and electrodes stand still behind a root that heart and breath move by millimetres: without
    them a patch of the image shows what moves with the root.
    """

    def __init__(self) -> None:
        self._mean: NDArray[np.float32] | None = None
        self._seconds = 0.0

    @property
    def levels(self) -> NDArray[np.float32] | None:
        """(H, W) grey levels; None while too little has been seen."""
        return self._mean if self._seconds >= _LEARNED_S else None

    def update(self, image: GreyImage, keypoints: Keypoints, step: float) -> None:
        """Takes in an ``image`` that was taken ``step`` (s) after the one before (NaN: it is the first)."""
        if self._mean is None or self._mean.shape != image.shape:
            self._mean, self._seconds = image.astype(np.float32), 0.0
        if keypoints.present[list(NEEDS_CONTRAST)].any() or not step > 0.0:
            return
        self._seconds += step
        share = max(step / self._seconds, -math.expm1(-step / _AVERAGED_S))
        cv2.accumulateWeighted(image, self._mean, share, silhouette_of(keypoints).mask(image.shape))
