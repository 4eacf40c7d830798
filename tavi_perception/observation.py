"""What the image stages measure in a frame, before it is tracked."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN, Keypoints
from tavi_perception.tracking.continuity import Continuation


@dataclass(frozen=True)
class Observation:
    """One frame as network and registration see it.

    Attributes:
        stamp: capture time (s), on any clock.
        keypoints: the network's, registered where the frame follows others.
        geometry: of the C-arm, for any matrix of the frame's field of view.
        continuation: how the frame follows the one before.
        capsule_width: in the image (px); NaN where it is not known or not needed.
    """

    stamp: float
    keypoints: Keypoints
    geometry: CArmGeometry
    continuation: Continuation = Continuation.CONTINUED
    capsule_width: float = NAN
