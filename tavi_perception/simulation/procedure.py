"""A whole synthetic procedure as a source of frames with ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints
from tavi_perception.imaging.source import Frame
from tavi_perception.landmarks import Landmark
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.labels import landmark_positions, visible_keypoints
from tavi_perception.simulation.scene import Contents, Moment, Scene
from tavi_perception.simulation.script import Script, draw_script
from tavi_perception.simulation.truth import true_annulus, true_deviation

SOURCE_TO_DETECTOR, SOURCE_TO_OBJECT = 1.148, 0.810
"""m; a real C-arm (FIELD.md, Siemens XA headers)."""

_NOISE_FIELDS = 3
_MARGIN_PX = 25
"""Landmarks keep this distance from the borders at rest, so that motion does not push them out."""


@dataclass(frozen=True)
class RenderedTruth:
    """What is true of a rendered frame: visible keypoints, annulus even without contrast, deviation."""

    keypoints: Keypoints
    annulus: AnnulusFrame
    deviation: CatheterDeviation


class RenderedProcedure:
    """A scripted implantation on a random patient; implements ``imaging.source.FrameSource``.

    Injection, positioning, retraction, a second injection, deployment, release. The same seed gives the
    same bytes; frames are rendered as they are asked for.

    Args:
        seed: which patient and course; see ``seeds`` for which range means what.
        duration: length of the procedure (s).
        frame_rate: frames per s.
        size: side of the square image (px).

    Raises:
        ValueError: duration, frame rate or size is not positive.
    """

    def __init__(self, seed: int, duration: float = 20.0, frame_rate: float = 15.0, size: int = 1000) -> None:
        if not (duration > 0 and frame_rate > 0 and size > 0):
            raise ValueError(
                f"synthetic procedure: duration {duration} s, frame rate {frame_rate}/s and size {size} px "
                "must all be positive"
            )
        self.name = f"synthetic procedure, seed {seed}"
        self.notes: tuple[str, ...] = ("rendered, not a real patient",)
        self.frame_count = max(1, round(duration * frame_rate))
        self._seed, self._frame_rate = seed, frame_rate
        self._scene, self._script = _draw(seed, duration, size)
        spacing = 1e-3 / self._scene.patient.scale * SOURCE_TO_DETECTOR / SOURCE_TO_OBJECT
        self.geometry = CArmGeometry(
            SOURCE_TO_DETECTOR, SOURCE_TO_OBJECT, spacing, size, size, calibration=Calibration.USER
        )

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.frame_count):
            yield self.frame(index)

    def frame(self, index: int) -> Frame:
        """Frame ``index``, counted from 0."""
        noise = np.random.default_rng([self._seed, index])
        return Frame(self._scene.render(self._moment(index), noise), index / self._frame_rate)

    def truth(self, index: int) -> RenderedTruth:
        """Ground truth of frame ``index``."""
        moment = self._moment(index)
        keypoints = visible_keypoints(self._scene, moment)
        age = self._contrast_age(index)
        annulus = true_annulus(landmark_positions(self._scene, moment), age, self.geometry)
        return RenderedTruth(
            keypoints, annulus, true_deviation(self._scene, moment, keypoints, annulus, self.geometry)
        )

    def _moment(self, index: int) -> Moment:
        if not 0 <= index < self.frame_count:
            raise IndexError(f"{self.name} has frames 0 to {self.frame_count - 1}, not {index}")
        return self._script.moment(self._scene, index / self._frame_rate)

    def _contrast_age(self, index: int) -> float:
        """Time since both hinge points were last visible (s); NaN when they never were."""
        for earlier in range(index, -1, -1):
            if self._moment(earlier).injection.shows(self._scene.patient)[:2].all():
                return (index - earlier) / self._frame_rate
        return float("nan")


def _draw(seed: int, duration: float, size: int) -> tuple[Scene, Script]:
    """A patient in a view that shows the whole device and root, as an operator would have set it up."""
    for attempt in range(1000):
        rng = np.random.default_rng([seed, attempt])
        scene = Scene(rng, size, Contents(), _NOISE_FIELDS)
        if _in_view(scene):
            return scene, draw_script(rng, duration)
    raise AssertionError(f"no view of seed {seed} shows the whole device")


def _in_view(scene: Scene) -> bool:
    margin = _MARGIN_PX * scene.patient.size / 1000
    limit = scene.patient.size - 1 - margin
    for advance in (-16.0, 5.0 + scene.device.shortening * scene.device.capsule_length):
        points = landmark_positions(scene, Moment(DeviceState(advance)))
        points = np.delete(points, [Landmark.FE1, Landmark.FE2], axis=0)
        if not ((points > margin) & (points < limit)).all() or scene.detector.covers(points).any():
            return False
    return True
