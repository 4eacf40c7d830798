"""The course of a scripted procedure: what robot, injector, heart and breathing do at each moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.contrast import Injection
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.patient import FloatArray
from tavi_perception.simulation.scene import Moment, Scene

TARGET_MM = 3.0
"""Depth at which the inflow edge is placed (FIELD.md, clinical default)."""

INJECTIONS = ((0.02, 0.14), (0.70, 0.82))
"""Begin and end of the contrast injections, as shares of the procedure."""

POSITIONED, RETRACTING, PAUSED, DEPLOYING, RELEASED = 0.36, 0.42, 0.70, 0.82, 0.94
"""Shares of the procedure at which: the capsule is in place; retraction begins; it pauses for the second
injection; it goes on; the frame lets go and the system is withdrawn."""

PAUSE_EXTRACTION, FULL_EXTRACTION = 0.75, 0.97


@dataclass(frozen=True)
class Script:
    """One procedure's course on one scene; times in s, lengths in mm.

    Attributes:
        duration: of the procedure.
        start: depth of the sheathed capsule's end at the beginning.
        opacity: attenuation of the contrast medium at its fullest.
        heart_rate: Hz. heart_motion: half the stroke of the root along the annulus normal.
        breath_rate: Hz. breath_motion: half the stroke along image y.
        slip: motion of the device against the root over a heart beat (half the stroke).
        phases: (2,) of heart and breathing (rad).
    """

    duration: float
    start: float
    opacity: float
    heart_rate: float
    heart_motion: float
    breath_rate: float
    breath_motion: float
    slip: float
    phases: FloatArray

    def moment(self, scene: Scene, time: float) -> Moment:
        """Everything that ``scene.render`` needs at ``time`` (s)."""
        share = time / self.duration
        heart = np.sin(2 * np.pi * self.heart_rate * time + self.phases[0])
        breath = np.sin(2 * np.pi * self.breath_rate * time + self.phases[1])
        scale = scene.patient.scale
        body = np.array([0.0, self.breath_motion * breath * scale])
        root = body + scene.patient.axes[1] * (self.heart_motion * heart * scale)
        return Moment(
            self._device(scene, share, self.slip * heart), self._injection(scene, share), root, 0.4 * body
        )

    def _device(self, scene: Scene, share: float, slip: float) -> DeviceState:
        device, cos = scene.device, np.cos(scene.patient.route_angle)
        extraction = float(
            np.interp(
                share,
                [0.0, RETRACTING, PAUSED, DEPLOYING, RELEASED],
                [0.0, 0.0, PAUSE_EXTRACTION, PAUSE_EXTRACTION, FULL_EXTRACTION],
            )
        )
        depth = float(np.interp(share, [INJECTIONS[0][1], POSITIONED], [self.start, TARGET_MM]))
        # The frame shortens as it opens; the operator follows, so that its inflow edge stays in place.
        follow = device.shortening * device.capsule_length * extraction**2
        released = share > RELEASED
        withdrawal = 30.0 * (share - RELEASED) / (1 - RELEASED) if released else 0.0
        return DeviceState(depth / cos + follow + slip, extraction, released, withdrawal)

    def _injection(self, scene: Scene, share: float) -> Injection:
        strength = 0.0
        for begin, end in INJECTIONS:
            length = end - begin
            knots = [begin, begin + 0.15 * length, begin + 0.7 * length, end]
            strength = max(strength, float(np.interp(share, knots, [0.0, 1.0, 1.0, 0.0])))
        reach = (0.4 + 1.8 * strength) * scene.patient.junction_height
        return Injection(self.opacity * strength, 0.9 * self.opacity * strength, reach)


def draw_script(rng: np.random.Generator, duration: float) -> Script:
    """A random course; motion is that under rapid pacing, smaller than FIELD.md's of a beating heart."""
    return Script(
        duration=duration,
        start=rng.uniform(-16.0, -8.0),
        opacity=rng.uniform(0.22, 0.42),
        heart_rate=rng.uniform(1.0, 1.6),
        heart_motion=rng.uniform(0.8, 2.5),
        breath_rate=rng.uniform(0.18, 0.3),
        breath_motion=rng.uniform(0.5, 3.0),
        slip=rng.uniform(0.1, 0.5),
        phases=rng.uniform(0.0, 2 * np.pi, 2),
    )
