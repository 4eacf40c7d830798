"""What perception answers to an image, as the node would, without ROS."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import CatheterDeviation, Reason
from tavi_perception.foresight import Predict
from tavi_perception.imaging.exposure import exposure_defect
from tavi_perception.pipeline import Pipeline, aged, nothing_known
from tavi_perception.tracking.config import TrackingConfig


class Perceives(Protocol):
    """What a closed loop asks about its images."""

    def answer(
        self, image: NDArray[Any], stamp: float, geometry: CArmGeometry, age: float
    ) -> CatheterDeviation:
        """The deviation that is published for ``image`` (H, W) uint8 when it is ``age`` (s) old."""
        ...


class Perception:
    """Pipeline and checks of one procedure."""

    def __init__(self, predict: Predict, config: TrackingConfig, stale_after: float) -> None:
        self._pipeline = Pipeline(predict)
        self._config, self._stale_after = config, stale_after

    def answer(
        self, image: NDArray[Any], stamp: float, geometry: CArmGeometry, age: float
    ) -> CatheterDeviation:
        """The deviation that is published for ``image`` (H, W) uint8 when it is ``age`` (s) old."""
        grey = np.asarray(image, dtype=np.uint8)
        height, width = grey.shape
        if exposure_defect(grey):
            return nothing_known(width, height, Reason.IMAGE_REJECTED).deviation
        frame = self._pipeline.process(grey, stamp, geometry, self._config)
        return aged(frame, age, self._stale_after).deviation
