"""The image half of the pipeline: from the network's keypoints of each frame to its observation."""

from __future__ import annotations

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import GreyImage, Keypoints
from tavi_perception.observation import Observation
from tavi_perception.tracking.band import MarkerBand
from tavi_perception.tracking.capsule import NOT_MEASURED, capsule_widths
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation, Continuity
from tavi_perception.tracking.registration import LandmarkRegistration

PARAMETERS = ("max_gap", "carm_angle_tolerance", "carm_length_tolerance", "injection_gap")
"""Those of ``TrackingConfig`` that an observation depends on."""


class Observer:
    """Decides how each frame follows the one before, and registers its keypoints."""

    def __init__(self) -> None:
        self._continuity = Continuity()
        self._start_view()

    def _start_view(self) -> None:
        self._band, self._registration = MarkerBand(), LandmarkRegistration()

    def observe(
        self,
        image: GreyImage,
        keypoints: Keypoints,
        stamp: float,
        geometry: CArmGeometry,
        config: TrackingConfig,
        capsule_due: bool = True,
    ) -> Observation:
        """What is seen in ``image``, in which the network sees ``keypoints``; see ``Pipeline.process``.

        ``capsule_due``: the capsule's width is wanted; in the first frame of a view it always is.
        """
        height, width = image.shape
        continuation = self._continuity.of(stamp, geometry, (width, height), config)
        if continuation is Continuation.OUT_OF_ORDER:
            return Observation(stamp, keypoints, geometry, continuation)
        if continuation.new_view:
            self._start_view()
        keypoints = self._band.update(keypoints, stamp)
        keypoints = self._registration.update(image, keypoints, stamp, config)
        wanted = continuation.new_view or capsule_due
        widths = capsule_widths(image, keypoints) if wanted else NOT_MEASURED
        return Observation(stamp, keypoints, geometry, continuation, widths)
