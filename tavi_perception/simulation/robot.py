"""The delivery robot and how its commands reach the catheter's end: limits, lag, friction, release."""

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

_CLOSED, _OPEN = 0.05, 0.2
"""Extraction below which the stent is closed again, and above which it was open."""

_JUMP_TIME_S = 0.12


@dataclass(frozen=True)
class RobotConfig:
    """Drives and catheter; lengths in mm, times in s (unsourced, plausible)."""

    start: Uniform = Uniform(-18.0, -8.0)
    """Depth of the sheathed capsule's end at the beginning."""
    lag: Uniform = Uniform(0.04, 0.15)
    """Time constant of the drives."""
    acceleration: Uniform = Uniform(80.0, 200.0)
    """Largest acceleration of the drives (mm/s²)."""
    slack: Uniform = Uniform(0.2, 1.8)
    """Dead band between drive and catheter end at a reversal: play, and what friction in the arch stores."""
    capsule_slack: Uniform = Uniform(0.1, 0.8)
    """The same for the capsule's retraction."""
    stiffness: Uniform = Uniform(1.0, 3.0)
    """Of catheter and capsule against their drives (N/mm)."""
    reaction: Normal = Normal(0.02, 0.02, -0.03, 0.08)
    """Motion of the device towards the ventricle for each mm of retraction."""
    migration: Normal = Normal(0.6, 0.5, 0.0, 2.0)
    """Motion towards the aorta while the stent opens beyond the limit of recapture, before it lets go; with
    ``jump`` it makes what PMC9471948 says without a figure: the valve moves up while it is released."""
    jump: Normal = Normal(0.6, 0.3, 0.0, 1.5)
    """Axial jump of the stent towards the aorta when it lets go."""
    recoil: Uniform = Uniform(0.1, 0.5)
    """Share of what the catheter has stored, drive against end, that the stent takes along then."""


@dataclass(frozen=True)
class Command:
    """A command to the robot: velocities (mm/s, + into the ventricle; + retracts the capsule), or to hold."""

    advance_velocity_mm_s: float = 0.0
    retraction_velocity_mm_s: float = 0.0
    hold: bool = True


@dataclass(frozen=True)
class Defect:
    """What is wrong with a robot; the default: nothing.

    Attributes:
        stuck: the catheter's end, and the capsule, do not follow their drives.
        gain: factor of every commanded velocity that is carried out.
        release_extraction: at which the stent lets go.
    """

    stuck: tuple[bool, bool] = (False, False)
    gain: float = 1.0
    release_extraction: float = FULL_EXTRACTION


@dataclass(frozen=True)
class RobotState:
    """The encoders' state: travel of the drives since the start and velocity; whether there is a fault.

    Attributes:
        advance_force_n, retraction_force_n: of the drives on catheter and capsule (N).
        fault: a command was nonsense, or a force beyond the limit.
    """

    advance_mm: float
    retraction_mm: float
    advance_velocity_mm_s: float
    retraction_velocity_mm_s: float
    advance_force_n: float
    retraction_force_n: float
    moving: bool
    fault: bool


class Robot:
    """Drives of one procedure, stepped through time; ``defect`` may be set at any moment."""

    MAX_VELOCITY_MM_S = 30.0
    MAX_FORCE_N = 10.0
    TRAVEL_MM = (-60.0, 60.0)

    def __init__(self, rng: np.random.Generator, config: RobotConfig, device: Device) -> None:
        later = rng.spawn(1)[0]  # what was added later has a generator of its own, so that robots stay
        self._device = device
        self._start = config.start.draw(rng)
        self._lag = config.lag.draw(rng)
        slack, capsule_slack = config.slack.draw(rng), config.capsule_slack.draw(rng)
        self._half_slack: FloatArray = np.array([slack, capsule_slack]) / 2
        self._reaction, self._jump = config.reaction.draw(rng), config.jump.draw(rng)
        self._acceleration = config.acceleration.draw(later)
        self._stiffness, self._migration = config.stiffness.draw(later), config.migration.draw(later)
        self._recoil = config.recoil.draw(later)
        self.defect = Defect()
        self._velocity: FloatArray = np.zeros(2)
        self._drive: FloatArray = np.zeros(2)
        self._tip: FloatArray = np.zeros(2)
        self._released_for: float | None = None
        self._released_at, self._released_extraction = 0.0, FULL_EXTRACTION
        self._fault = False
        self._beyond_recapture = False
        self._was_open = False
        self._recaptures = 0

    @property
    def state(self) -> RobotState:
        force = self._stiffness * (self._drive - self._tip)
        return RobotState(
            advance_mm=float(self._drive[0]),
            retraction_mm=float(self._drive[1]),
            advance_velocity_mm_s=float(self._velocity[0]),
            retraction_velocity_mm_s=float(self._velocity[1]),
            advance_force_n=float(force[0]),
            retraction_force_n=float(force[1]),
            moving=bool(np.abs(self._velocity).max() > 0.01),
            fault=self._fault,
        )

    @property
    def depth_mm(self) -> float:
        """Depth of the sheathed device's end along the route; where the operator sees it."""
        opened = (self._extraction - RECAPTURE_LIMIT) / (FULL_EXTRACTION - RECAPTURE_LIMIT)
        migrated = self._migration * float(np.clip(opened, 0.0, 1.0))
        return float(self._start + self._tip[0] + self._reaction * self._tip[1] - migrated)

    @property
    def device(self) -> DeviceState:
        """State of the device at the catheter's end."""
        if self._released_for is None:
            return DeviceState(self.depth_mm, self._extraction, recaptures=self._recaptures)
        sprung = min(1.0, self._released_for / _JUMP_TIME_S)
        return DeviceState(
            self._released_at, self._released_extraction, True, max(0.0, self._released_at - self.depth_mm),
            self._jump * sprung, self._recaptures,
        )  # fmt: skip

    @property
    def _extraction(self) -> float:
        return float(np.clip(self._tip[1] / self._device.capsule_length, 0.0, FULL_EXTRACTION))

    def step(self, dt: float, command: Command) -> None:
        """Go on by ``dt`` (s). A command that is not finite, or too fast, is a fault and holds."""
        wanted = np.array([command.advance_velocity_mm_s, command.retraction_velocity_mm_s])
        sane = bool(np.isfinite(wanted).all() and np.abs(wanted).max() <= self.MAX_VELOCITY_MM_S)
        wanted = wanted * self.defect.gain if sane and not command.hold else np.zeros(2)
        # A drive stands still rather than press or pull harder than its limit.
        force = self._stiffness * (self._drive - self._tip)
        blocked = (np.abs(force) >= self.MAX_FORCE_N) & (wanted * force > 0.0)
        self._fault = not sane or bool(blocked.any())
        wanted[blocked] = 0.0
        change = (wanted - self._velocity) * (1.0 - np.exp(-dt / self._lag))
        self._velocity += np.clip(change, -self._acceleration * dt, self._acceleration * dt)
        low = np.array([self.TRAVEL_MM[0], self._least_retraction()])
        high = np.array([self.TRAVEL_MM[1], self._device.capsule_length])
        moved = self._drive + self._velocity * dt
        self._drive = np.clip(moved, low, high)
        self._velocity[moved != self._drive] = 0.0
        followed = np.clip(self._tip, self._drive - self._half_slack, self._drive + self._half_slack)
        self._tip = np.where(self.defect.stuck, self._tip, followed)
        self._count_recaptures()
        if self._released_for is not None:
            self._released_for += dt
        elif self._tip[1] >= self.defect.release_extraction * self._device.capsule_length:
            self._let_go()

    def _let_go(self) -> None:
        self._released_for, self._released_at = 0.0, self.depth_mm
        self._released_extraction = self._extraction
        # A catheter that was pushed presses the stent into the ventricle, one that was pulled takes it along.
        self._jump -= self._recoil * float(self._drive[0] - self._tip[0])

    def _count_recaptures(self) -> None:
        extraction = self._extraction
        if self._was_open and extraction < _CLOSED:
            self._recaptures += 1
        self._was_open = extraction > _OPEN or (self._was_open and extraction >= _CLOSED)

    def _least_retraction(self) -> float:
        """Beyond the limit of recapture the capsule cannot be advanced over the stent again."""
        limit = RECAPTURE_LIMIT * self._device.capsule_length
        self._beyond_recapture = self._beyond_recapture or bool(self._drive[1] > limit)
        return limit if self._beyond_recapture else 0.0
