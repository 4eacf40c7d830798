"""The way of a frame without ROS: grey image → keypoints → tracked keypoints, annulus frame, deviation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN, AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.imaging.source import GreyImage
from tavi_perception.tracking.capsule import capsule_width
from tavi_perception.tracking.registration import LandmarkRegistration
from tavi_perception.tracking.tracker import TrackedFrame, Tracker

Predict = Callable[[GreyImage], Keypoints]
"""The keypoints of one grey frame; ``Predictor.predict`` is one."""


class Pipeline:
    """Predicts, registers and tracks frame by frame; holds the memory of a procedure."""

    def __init__(self, predict: Predict, tracker: Tracker) -> None:
        self.predict = predict
        self.tracker = tracker
        self._registration = LandmarkRegistration(tracker.config.max_gap)

    def reset(self) -> None:
        """Start a new procedure: forget everything."""
        self._registration.reset()
        self.tracker.reset()

    def process(self, image: GreyImage, stamp: float, geometry: CArmGeometry) -> TrackedFrame:
        """What is known after this frame.

        Args:
            image: (H, W) uint8.
            stamp: capture time (s).
            geometry: of the C-arm, for this field of view in any resolution.
        """
        keypoints = self._registration.update(image, self.predict(image), stamp)
        width = capsule_width(image, keypoints) if self.tracker.capsule_due else NAN
        return self.tracker.update(keypoints, stamp, geometry, width)


def nothing_known(width: int, height: int, reason: Reason) -> TrackedFrame:
    """The result of a frame that could not be processed."""
    return TrackedFrame(
        Keypoints.absent(width, height), AnnulusFrame(reasons=reason), CatheterDeviation(reasons=reason)
    )


def invalidated(frame: TrackedFrame, reason: Reason) -> TrackedFrame:
    """The same numbers, but nothing may be acted on, for one reason more."""
    return dataclasses.replace(
        frame,
        annulus=dataclasses.replace(frame.annulus, valid=False, reasons=frame.annulus.reasons | reason),
        deviation=dataclasses.replace(
            frame.deviation, valid=False, within_tolerance=False, reasons=frame.deviation.reasons | reason
        ),
    )
