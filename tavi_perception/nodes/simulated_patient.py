"""The simulated patient and the device, as the simulator node uses them: in SI units, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.robot import Command, RobotState
from tavi_perception.simulation.scene import Scene
from tavi_perception.simulation.truth import Truth
from tavi_perception.simulation.watchdog import Drive


@dataclass(frozen=True)
class RobotReport:
    """The robot's reported state: of both drives, travel since the start (m) and velocity (m/s)."""

    advance: float
    retraction: float
    advance_velocity: float
    retraction_velocity: float
    moving: bool
    fault: bool


@dataclass(frozen=True)
class PatientFrame:
    """One frame and what is true of it.

    Attributes:
        image: (H, W) uint8 or uint16.
        robot: None where nothing but a script moves the device.
    """

    image: NDArray[Any]
    geometry: CArmGeometry
    truth: Truth
    robot: RobotReport | None


class Patient(Protocol):
    """A patient who can be looked at, and whose time is stepped from frame to frame."""

    name: str
    stored_bits: int
    """Low bits of a pixel that carry the grey level."""

    @property
    def finished(self) -> bool:
        """There is no further frame."""
        ...

    def look(self) -> PatientFrame: ...

    def step(self, dt: float, drive: Drive) -> None:
        """Lets ``dt`` s pass."""
        ...

    def inject(self) -> None:
        """A contrast injection begins."""
        ...


class CommandedPatient:
    """Commands alone move the device; the heart beats and the lungs breathe all the while."""

    finished = False

    def __init__(self, config: SimulatorConfig) -> None:
        self.name = f"synthetic patient, seed {config.seed}"
        self._procedure = LiveProcedure(config.seed, config.size, config.bits)
        self.stored_bits = _stored_bits(self._procedure.scene, config)

    def look(self) -> PatientFrame:
        procedure = self._procedure
        report = _report(procedure.robot.state)
        return PatientFrame(procedure.image(), procedure.geometry, procedure.truth(), report)

    def step(self, dt: float, drive: Drive) -> None:
        self._procedure.step(dt, Command(1e3 * drive.advance, 1e3 * drive.retraction, drive.hold))

    def inject(self) -> None:
        self._procedure.inject()


class ScriptedPatient:
    """A whole procedure runs by itself, injections included; commands and injections change nothing."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._procedure = RenderedProcedure(
            config.seed, config.duration, config.frame_rate, config.size, bits=config.bits
        )
        self.name = self._procedure.name
        self.stored_bits = _stored_bits(self._procedure.scene, config)
        self._frame_rate = config.frame_rate
        self._index = 0

    @property
    def finished(self) -> bool:
        return self._index >= self._procedure.frame_count

    def look(self) -> PatientFrame:
        procedure, index = self._procedure, self._index
        return PatientFrame(
            procedure.image(index), procedure.geometry_at(index), procedure.truth(index), None
        )

    def step(self, dt: float, drive: Drive) -> None:
        self._index += round(dt * self._frame_rate)

    def inject(self) -> None: ...


def _report(state: RobotState) -> RobotReport:
    return RobotReport(
        1e-3 * state.advance_mm,
        1e-3 * state.retraction_mm,
        1e-3 * state.advance_velocity_mm_s,
        1e-3 * state.retraction_velocity_mm_s,
        state.moving,
        state.fault,
    )


def _stored_bits(scene: Scene, config: SimulatorConfig) -> int:
    return 8 if config.bits == 8 else scene.imager.technique.display.stored_bits


PATIENTS: dict[str, Callable[[SimulatorConfig], Patient]] = {
    "none": CommandedPatient,
    "procedure": ScriptedPatient,
}
"""By the parameter ``script``."""
