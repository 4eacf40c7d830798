"""The way of a frame without ROS: grey image → keypoints → tracked keypoints, annulus frame, deviation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, GreyImage, Keypoints, Reason
from tavi_perception.foresight import Foresight, LooksAhead, Predict
from tavi_perception.observation import Observation
from tavi_perception.observer import Observer
from tavi_perception.stage_clock import StageClock, TimedStage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.landmark_average import Averages
from tavi_perception.tracking.tracker import TrackedFrame, Tracker


class Pipeline:
    """Predicts, registers and tracks frame by frame, in the order of capture; owns a procedure's memory.

    Stamps may be irregular. How a frame follows the one before is decided once (``Continuity``); observer and
    tracker obey, and replace what is to be forgotten by a new, empty one. A frame whose processing fails
    leaves nothing half-updated: the memory is cleared before the error is passed on.

    Args:
        predict: the network.
        halves: its halves, where it has them: then frames in quick succession are answered sooner.
    """

    def __init__(self, predict: Predict, halves: LooksAhead | None = None) -> None:
        self._foresight = Foresight(predict, halves)
        self.reset()

    def reset(self) -> None:
        """Start a new procedure: forget everything."""
        self._foresight.forget()
        self._observer, self._averages = Observer(), Averages()
        self._tracker = Tracker()
        self._last: _Processed | None = None

    def process(
        self,
        image: GreyImage,
        stamp: float,
        geometry: CArmGeometry,
        config: TrackingConfig,
        clock: StageClock | None = None,
    ) -> TrackedFrame:
        """What is known after this frame.

        A picture that repeats the one before to the last pixel tells nothing new: a frame grabber that is
        faster than the C-arm gives such, and one that hangs. The answer is that of the picture's first frame,
        and not valid any more once that is ``frozen_after`` old.

        Args:
            image: (H, W) uint8.
            stamp: capture time (s), on any clock.
            geometry: of the C-arm, for this field of view in any resolution.
            config: parameters for this frame.
            clock: of this frame, to which its stages are told.

        Raises:
            ValueError: the stamp is not finite.
        """
        clock = clock or StageClock()
        last = self._last
        repeated = last is not None and last.geometry == geometry and _same(image, last.image)
        clock.passed(TimedStage.CONVERSION)
        if last is not None and repeated:
            fresh = 0.0 <= stamp - last.stamp <= config.frozen_after
            return last.frame if fresh else invalidated(last.frame, Reason.IMAGE_STALE)
        try:
            observation = self.observe(image, stamp, geometry, config, clock)
            frame = self.track(observation, config)
        except Exception:
            self.reset()
            raise
        clock.passed(TimedStage.TRACKING)
        self._last = _Processed(image, stamp, geometry, frame)
        return frame

    def observe(
        self,
        image: GreyImage,
        stamp: float,
        geometry: CArmGeometry,
        config: TrackingConfig,
        clock: StageClock | None = None,
    ) -> Observation:
        """The first half of ``process``: what network and registration see in the image."""
        clock = clock or StageClock()
        self._averages.look(self._foresight.predict)
        keypoints, due = self._foresight.keypoints(image, stamp, geometry), self._tracker.capsule_due
        clock.passed(TimedStage.INFERENCE)
        observation = self._observer.observe(image, keypoints, stamp, geometry, config, due)
        observation = self._averages.update(image, observation, config)
        clock.passed(TimedStage.REGISTRATION)
        return observation

    def look_ahead(self) -> None:
        """Do what can be done for the next frame now that this one is answered; it changes no answer."""
        try:
            self._foresight.look_ahead()
            self._averages.look(self._foresight.predict)
        except Exception:
            self.reset()
            raise

    def track(self, observation: Observation, config: TrackingConfig) -> TrackedFrame:
        """The second half of ``process``; observations that were kept may be tracked again by themselves."""
        return self._tracker.update(observation, config)


def _same(image: GreyImage, other: GreyImage) -> bool:
    """Whether two images are the same to the last pixel; a few rows tell most of those that are not."""
    return np.array_equal(image[::64], other[::64]) and np.array_equal(image, other)


@dataclass(frozen=True)
class _Processed:
    """The first frame (H, W) with a picture, captured at ``stamp`` (s), and its answer."""

    image: GreyImage
    stamp: float
    geometry: CArmGeometry
    frame: TrackedFrame


def nothing_known(width: int, height: int, reason: Reason) -> TrackedFrame:
    """The result of a frame that could not be processed."""
    return TrackedFrame(
        Keypoints.absent(width, height), AnnulusFrame(reasons=reason), CatheterDeviation(reasons=reason)
    )


def aged(frame: TrackedFrame, age: float, stale_after: float) -> TrackedFrame:
    """What may be published of a frame ``age`` (s) after its capture; too old it is nothing to act on.

    A negative age is as bad: the clocks of camera and node differ.
    """
    return invalidated(frame, Reason.IMAGE_STALE) if abs(age) > stale_after else frame


def invalidated(frame: TrackedFrame, reason: Reason) -> TrackedFrame:
    """The same numbers, but nothing may be acted on, for one reason more."""
    return dataclasses.replace(
        frame,
        annulus=dataclasses.replace(frame.annulus, valid=False, reasons=frame.annulus.reasons | reason),
        deviation=dataclasses.replace(
            frame.deviation, valid=False, within_tolerance=False, reasons=frame.deviation.reasons | reason
        ),
    )
