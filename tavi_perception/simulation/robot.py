"""The delivery robot and how its commands reach the catheter's end: lag, friction, limits, release."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tavi_perception.simulation.device import Device, DeviceState
from tavi_perception.simulation.distributions import Normal, Uniform
from tavi_perception.simulation.view import FloatArray

RECAPTURE_LIMIT = 0.8
"""Extraction up to which the stent can be recaptured (unsourced)."""

FULL_EXTRACTION = 0.97
"""Extraction at which the stent is released from the paddles."""

_JUMP_TIME_S = 0.12


@dataclass(frozen=True)
class RobotConfig:
    """Drives and catheter; lengths in mm, times in s (unsourced, plausible)."""

    start: Uniform = Uniform(-18.0, -8.0)
    """Depth of the sheathed capsule's end at the beginning."""
    lag: Uniform = Uniform(0.04, 0.15)
    """Time constant of the drives."""
    slack: Uniform = Uniform(0.2, 1.8)
    """Backlash between drive and catheter end at a reversal: friction in the arch."""
    capsule_slack: Uniform = Uniform(0.1, 0.8)
    """The same for the capsule's retraction."""
    reaction: Normal = Normal(0.02, 0.02, -0.03, 0.08)
    """Motion of the device towards the ventricle for each mm of retraction."""
    jump: Normal = Normal(1.2, 0.9, 0.0, 4.0)
    """Axial jump of the stent towards the aorta on release (PMC9471948: "moves up")."""


@dataclass(frozen=True)
class Command:
    """A command to the robot: velocities (mm/s, + into the ventricle; + retracts the capsule), or to hold."""

    advance_velocity_mm_s: float = 0.0
    retraction_velocity_mm_s: float = 0.0
    hold: bool = True


@dataclass(frozen=True)
class RobotState:
    """The encoders' state: travel of the drives since the start and velocity; whether there is a fault."""

    advance_mm: float
    retraction_mm: float
    advance_velocity_mm_s: float
    retraction_velocity_mm_s: float
    moving: bool
    fault: bool


class Robot:
    """Drives of one procedure, stepped through time."""

    MAX_VELOCITY_MM_S = 30.0
    TRAVEL_MM = (-60.0, 60.0)

    def __init__(self, rng: np.random.Generator, config: RobotConfig, device: Device) -> None:
        self._device = device
        self._start = config.start.draw(rng)
        self._lag = config.lag.draw(rng)
        self._slack, self._capsule_slack = config.slack.draw(rng), config.capsule_slack.draw(rng)
        self._reaction, self._jump = config.reaction.draw(rng), config.jump.draw(rng)
        self._velocity: FloatArray = np.zeros(2)
        self._drive: FloatArray = np.zeros(2)
        self._tip: FloatArray = np.zeros(2)
        self._released_for: float | None = None
        self._released_at = 0.0
        self._fault = False
        self._opened = False

    @property
    def state(self) -> RobotState:
        moving = bool(np.abs(self._velocity).max() > 0.01)
        advance, retraction, advance_velocity, retraction_velocity = (*self._drive, *self._velocity)
        return RobotState(
            float(advance), float(retraction), float(advance_velocity), float(retraction_velocity), moving,
            self._fault,
        )  # fmt: skip

    @property
    def depth_mm(self) -> float:
        """Depth of the sheathed device's end along the route; where the operator sees it."""
        return float(self._start + self._tip[0] + self._reaction * self._tip[1])

    @property
    def device(self) -> DeviceState:
        """State of the device at the catheter's end."""
        extraction = float(np.clip(self._tip[1] / self._device.capsule_length, 0.0, FULL_EXTRACTION))
        if self._released_for is None:
            return DeviceState(self.depth_mm, extraction)
        sprung = min(1.0, self._released_for / _JUMP_TIME_S)
        return DeviceState(
            self._released_at, FULL_EXTRACTION, True, max(0.0, self._released_at - self.depth_mm),
            self._jump * sprung,
        )  # fmt: skip

    def step(self, dt: float, command: Command) -> None:
        """Go on by ``dt`` (s). A command that is not finite, or too fast, is a fault and holds."""
        wanted = np.array([command.advance_velocity_mm_s, command.retraction_velocity_mm_s])
        self._fault = not bool(np.isfinite(wanted).all() and np.abs(wanted).max() <= self.MAX_VELOCITY_MM_S)
        if command.hold or self._fault:
            wanted = np.zeros(2)
        self._velocity += (wanted - self._velocity) * (1.0 - np.exp(-dt / self._lag))
        low = np.array([self.TRAVEL_MM[0], self._least_retraction()])
        high = np.array([self.TRAVEL_MM[1], self._device.capsule_length])
        moved = self._drive + self._velocity * dt
        self._drive = np.clip(moved, low, high)
        self._velocity[moved != self._drive] = 0.0
        half = np.array([self._slack, self._capsule_slack]) / 2
        self._tip = np.clip(self._tip, self._drive - half, self._drive + half)
        if self._released_for is not None:
            self._released_for += dt
        elif self._tip[1] >= FULL_EXTRACTION * self._device.capsule_length:
            self._released_for, self._released_at = 0.0, self.depth_mm

    def _least_retraction(self) -> float:
        """Beyond the limit of recapture the capsule cannot be advanced over the stent again."""
        limit = RECAPTURE_LIMIT * self._device.capsule_length
        self._opened = self._opened or bool(self._drive[1] > limit)
        return limit if self._opened else 0.0
