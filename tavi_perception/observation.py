"""What the image stages measure in a frame, before it is tracked."""

from __future__ import annotations

from dataclasses import dataclass, field

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.tracking.capsule import NOT_MEASURED
from tavi_perception.tracking.continuity import Continuation


@dataclass(frozen=True)
class SeenInAverage:
    """n landmarks in an average of frames.

    Attributes:
        stamp: of the last of the frames (s).
        offset: (n, 2) places less that of the average's anchor (px of the frames).
        covariance: (n, 2, 2) of the places (px²).
    """

    stamp: float
    offset: FloatArray
    covariance: FloatArray


@dataclass(frozen=True)
class Observation:
    """One frame as network and registration see it.

    Attributes:
        stamp: capture time (s), on any clock.
        keypoints: the network's, registered where the frame follows others.
        geometry: of the C-arm, for any matrix of the frame's field of view.
        continuation: how the frame follows the one before.
        capsule_widths: (PAIRS, 2) that it may have in the image, from, to (px); NaN where that is not needed.
        hinges: AA1 and AA2 about PT, as seen in the average of the frames before this one, if there is any.
    """

    stamp: float
    keypoints: Keypoints
    geometry: CArmGeometry
    continuation: Continuation = Continuation.CONTINUED
    capsule_widths: FloatArray = field(default_factory=NOT_MEASURED.copy)
    hinges: SeenInAverage | None = None
