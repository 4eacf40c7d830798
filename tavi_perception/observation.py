"""What the image stages measure in a frame, before it is tracked."""

from __future__ import annotations

from dataclasses import dataclass, field

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.tracking.capsule import NOT_MEASURED
from tavi_perception.tracking.continuity import Continuation


@dataclass(frozen=True)
class Observation:
    """One frame as network and registration see it.

    Attributes:
        stamp: capture time (s), on any clock.
        keypoints: the network's, registered where the frame follows others.
        geometry: of the C-arm, for any matrix of the frame's field of view.
        continuation: how the frame follows the one before.
        capsule_widths: (PAIRS, 2) that it may have in the image, from, to (px); NaN where that is not needed.
    """

    stamp: float
    keypoints: Keypoints
    geometry: CArmGeometry
    continuation: Continuation = Continuation.CONTINUED
    capsule_widths: FloatArray = field(default_factory=NOT_MEASURED.copy)
