"""On which side of the annulus the ventricle lies: the one place where it is decided."""

from __future__ import annotations

import math

import numpy as np

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import JUNCTION, Landmark
from tavi_perception.tracking.pose import AnnulusPose

_MEMORY = 30
"""Frames' worth of evidence about the side that is remembered at most."""


class VentricleSide:
    """The ventricle sign of one view: +1 when annulus y is x turned by +90° in the image, -1, 0 unknown.

    The sinotubular junction lies on the aortic side and is the best evidence: in this frame, else in the
    frames before. Until it was seen, the catheter is used, whose tip points into the ventricle; then what
    was decided last.
    """

    def __init__(self) -> None:
        self._junction_evidence = 0
        self._side = 0

    def measured(self, keypoints: Keypoints, pose: AnnulusPose) -> int:
        """The side in a frame in which the hinge points, and perhaps the junction, are measured."""
        seen = _side_of_junction(keypoints, pose)
        self._junction_evidence = max(-_MEMORY, min(_MEMORY, self._junction_evidence + seen))
        remembered = _sign(self._junction_evidence)
        side = seen or remembered or _side_of_catheter(keypoints, pose) or self._side
        self._side = remembered or side
        return side

    def carried(self, keypoints: Keypoints, pose: AnnulusPose) -> int:
        """The side in a frame without contrast: the decided one, else the catheter's."""
        self._side = self._side or _side_of_catheter(keypoints, pose)
        return self._side


def _side_of_junction(keypoints: Keypoints, pose: AnnulusPose) -> int:
    seen = [point for point in JUNCTION if keypoints.measured[point]]
    if not seen:
        return 0
    away = pose.origin - keypoints.xy[seen].mean(axis=0)
    return _sign(float(away @ _normal(pose.angle)))


def _side_of_catheter(keypoints: Keypoints, pose: AnnulusPose) -> int:
    if not (keypoints.present[Landmark.CP] and keypoints.present[Landmark.CT]):
        return 0
    along = keypoints.xy[Landmark.CT] - keypoints.xy[Landmark.CP]
    return _sign(float(along @ _normal(pose.angle)))


def _normal(angle: float) -> FloatArray:
    return np.array([-math.sin(angle), math.cos(angle)])


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
