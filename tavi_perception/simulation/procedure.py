"""A whole scripted procedure as a source of frames with ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.source import Frame
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.live import LiveProcedure, Recorded
from tavi_perception.simulation.room import Room, draw_room
from tavi_perception.simulation.scene import Contents, Scene
from tavi_perception.simulation.script import Operator
from tavi_perception.simulation.truth import Truth, truth_of
from tavi_perception.simulation.xray import Grey


class RenderedProcedure:
    """A scripted implantation on a random patient; implements ``imaging.source.FrameSource``.

    Injection, positioning, retraction, a second injection, deployment, release; in less than
    6 s the robot is too slow to get through all of it. The same seed gives the same bytes, and
    frames, rendered as they are asked for, do not depend on the order in which they are.

    Args:
        seed: which patient and course; see ``seeds`` for which range means what.
        duration: length of the procedure (s).
        frame_rate: frames per s.
        size: side of the square image (px).
        bits: 8 or 16 per pixel.
        config: what procedures are drawn from.
        contents: of the field.

    Raises:
        ValueError: duration, frame rate or size is not positive, or bits is neither 8 nor 16.
    """

    def __init__(
        self, seed: int, duration: float = 20.0, frame_rate: float = 15.0, size: int = 1000, bits: int = 8,
        config: SimulationConfig | None = None, contents: Contents = Contents(),
    ) -> None:  # fmt: skip
        if not (duration > 0 and frame_rate > 0 and size > 0):
            raise ValueError(
                f"synthetic procedure: duration {duration} s, frame rate {frame_rate}/s and size {size} px "
                "must all be positive"
            )
        self.name = f"synthetic procedure, seed {seed}"
        self.notes: tuple[str, ...] = ("rendered, not a real patient",)
        self.losses: tuple[str, ...] = ()
        self.frame_count = max(1, round(duration * frame_rate))
        self._seed, self._frame_rate = seed, frame_rate
        config = config or SimulationConfig()
        live = LiveProcedure(seed, size, bits, config, partial(_moved_room, config, duration), contents)
        self.scene: Scene = live.scene
        self._course = _course(live, duration, frame_rate, self.frame_count)

    def __iter__(self) -> Iterator[Frame]:
        self.scene.prepare()
        for index in range(self.frame_count):
            yield self.frame(index)

    @property
    def geometry(self) -> CArmGeometry:
        """That of the first frame; see ``geometry_at``."""
        return self.geometry_at(0)

    def geometry_at(self, index: int) -> CArmGeometry:
        """C-arm geometry of frame ``index``; its angles change when the C-arm is turned."""
        return self.recorded(index).moment.view.geometry

    def frame(self, index: int) -> Frame:
        """Frame ``index``, counted from 0; of a procedure of 16 bits its upper 8."""
        image = self.image(index)
        if image.dtype != np.uint8:
            image = image >> np.uint16(self.scene.imager.technique.display.stored_bits - 8)
        return Frame(image.astype(np.uint8, copy=False), index / self._frame_rate, self.geometry_at(index))

    def image(self, index: int) -> Grey:
        """Image of frame ``index``, uint8 or uint16 by ``bits``."""
        noise = np.random.default_rng([self._seed, index])
        return self.scene.render(self.recorded(index).moment, noise)

    def truth(self, index: int) -> Truth:
        """Ground truth of frame ``index``."""
        recorded = self.recorded(index)
        return truth_of(self.scene, recorded.moment, recorded.contrast_age)

    def recorded(self, index: int) -> Recorded:
        """State of everything at frame ``index``."""
        if not 0 <= index < self.frame_count:
            raise IndexError(f"{self.name} has frames 0 to {self.frame_count - 1}, not {index}")
        return self._course[index]


def _moved_room(config: SimulationConfig, duration: float, rng: np.random.Generator, scene: Scene) -> Room:
    return draw_room(rng, config.room, scene.view, duration)


def _course(live: LiveProcedure, duration: float, frame_rate: float, count: int) -> list[Recorded]:
    """What the operator makes of the procedure, a moment for each frame."""
    operator = Operator(live, duration)
    course = [live.recorded()]
    for _ in range(count - 1):
        live.step(1.0 / frame_rate, operator.command())
        course.append(live.recorded())
    return course
