"""A synthetic procedure driven by commands, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.landmarks import ANNULUS
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.labels import Grade, grades, landmark_points
from tavi_perception.simulation.motion import Motion
from tavi_perception.simulation.robot import Command, Robot
from tavi_perception.simulation.room import Room, still
from tavi_perception.simulation.scene import Contents, Moment, Scene, at_rest
from tavi_perception.simulation.seeds import opened
from tavi_perception.simulation.truth import Truth, truth_of
from tavi_perception.simulation.view import FloatArray
from tavi_perception.simulation.xray import Grey

_STEP_S = 0.01
"""Longest step of heart, breathing and drives."""

_MARGIN_PX = 25
"""Landmarks keep this distance from the borders at rest, in px of a side of 1000."""

_INJECTIONS_KEPT = 4


@dataclass(frozen=True)
class Recorded:
    """A moment of a procedure and what its truth needs besides.

    Attributes:
        moment: state of everything that moves.
        contrast_age: time since both hinge points were last visible (s); NaN when they never were.
    """

    moment: Moment
    contrast_age: float


class LiveProcedure:
    """One patient on the table, from the first frame on; the same seed and commands give the same bytes.

    Args:
        seed: which patient; see ``seeds`` for which range means what.
        size: side of the square image (px).
        bits: 8 or 16 per pixel.
        config: what procedures are drawn from.
        contents: of the field; with a delivery system of another make there is nothing to place.
        room: draws the moves of table and C-arm for a generator and the first view; by default nothing is
            moved.

    Raises:
        ValueError: size is not positive, or bits is neither 8 nor 16.
        SealedSeedError: the seed is sealed.
    """

    def __init__(
        self, seed: int, size: int = 1000, bits: int = 8, config: SimulationConfig | None = None,
        room: Callable[[np.random.Generator, Scene], Room] | None = None, contents: Contents = Contents(),
    ) -> None:  # fmt: skip
        if size <= 0 or bits not in (8, 16):
            raise ValueError(
                f"synthetic procedure: size {size} px must be positive, and bits ({bits}) 8 or 16"
            )
        config = config or SimulationConfig()
        self.seed, self.bits = opened(seed), bits
        self.scene = _draw_in_view(seed, size, bits, config, contents)
        rng = np.random.default_rng([seed, 1_000_000])
        self._motion = Motion(rng, config.motion, self.scene.root)
        self.robot = Robot(rng, config.robot, self.scene.device)
        self._room = room(rng, self.scene) if room else still(self.scene.view)
        self.scene.last_view = self._room.last
        self.pacing = False
        self.time = 0.0
        self._injections: list[float] = []
        self._contrast_seen = float("nan")
        self._velocity: FloatArray = np.zeros(3)
        self._count = 0

    @property
    def geometry(self) -> CArmGeometry:
        return self._room.view(self.time).geometry

    def inject(self) -> None:
        """A contrast injection begins now."""
        self._injections = [*self._injections[-_INJECTIONS_KEPT:], self.time]

    def step(self, dt: float, command: Command) -> None:
        """Go on by ``dt`` (s) under ``command``."""
        count = max(1, int(np.ceil(dt / _STEP_S)))
        root = self._motion.shifts(self._anchored()).root
        for _ in range(count):
            self.robot.step(dt / count, command)
            self._motion.step(dt / count, self.pacing)
            before, root = root, self._motion.shifts(self._anchored()).root
            self._velocity = (root - before) / (dt / count)
        self.time += dt

    def recorded(self) -> Recorded:
        """What this moment can be rendered and judged from later."""
        # Looked for in the frames alone: it costs more than a step.
        if self._hinges_visible():
            self._contrast_seen = self.time
        return Recorded(self._moment(), self.time - self._contrast_seen)

    def image(self) -> Grey:
        """The image of this moment, uint8 or uint16 by ``bits``. Each call has noise of its own."""
        noise = np.random.default_rng([self.seed, self._count])
        self._count += 1
        return self.scene.render(self._moment(), noise)

    def truth(self) -> Truth:
        """What is true of this moment."""
        recorded = self.recorded()
        return truth_of(self.scene, recorded.moment, recorded.contrast_age)

    def _moment(self) -> Moment:
        ages = [self.time - start for start in self._injections]
        return Moment(
            device=self.robot.device,
            contrast=self.scene.injector.contrast(ages, self.scene.root.junction_height),
            shifts=self._motion.shifts(self._anchored()),
            view=self._room.view(self.time),
            turned=self._room.turned_share(self.time),
            velocity=self._velocity,
        )

    def _anchored(self) -> float:
        """Coupling of the device to the annulus by the expanded stent, 0…1."""
        return float(np.clip((self.robot.device.extraction - 0.4) / 0.3, 0.0, 1.0))

    def _hinges_visible(self) -> bool:
        if not self._injections:
            return False
        moment = self._moment()
        if not moment.contrast.any:
            return False
        pixels = moment.view.project(landmark_points(self.scene, moment))
        return bool((grades(self.scene, moment, pixels)[list(ANNULUS)] >= Grade.FAINT).all())


def _draw_in_view(seed: int, size: int, bits: int, config: SimulationConfig, contents: Contents) -> Scene:
    """A patient in a view that shows the whole device and root, as an operator would have set it up."""
    for attempt in range(1000):
        scene = Scene(np.random.default_rng([seed, attempt]), size, config, contents, bits)
        if _in_view(scene):
            return scene
    raise ValueError(f"simulation: no view of seed {seed} shows the whole device; widen the configured views")


def _in_view(scene: Scene) -> bool:
    margin = _MARGIN_PX * scene.size / 1000
    limit = scene.size - 1 - margin
    for advance in (-16.0, 5.0 + scene.device.shortening * scene.device.capsule_length):
        points = landmark_points(scene, at_rest(scene, DeviceState(advance)))
        pixels = scene.view.project(points[np.isfinite(points).all(axis=1)])
        if not ((pixels > margin) & (pixels < limit)).all() or scene.imager.covers(pixels).any():
            return False
    return True
